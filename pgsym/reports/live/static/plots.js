// J and grad J over the parameters: curves for one, a field of arrows for two.  `page` is {inputs, data, x, y, at,
// move}: the current point and its values, values at a point that differs from it, and a way to move there.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 382;
const PAD = { left: 58, right: 12, top: 24, bottom: 34 };
const GRID = 13; // divides the frame's 312 pixels, so that the cells of the field meet at whole ones

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

/** The name of an axis: what follows the letter is an index. */
function named(attributes, name) {
  const [letter, ...index] = name.split("_");
  const made = element("text", { ...attributes, class: "name" }, letter);
  if (index.length) made.append(element("tspan", { dy: 3, "font-size": "75%" }, index.join(" ")));
  return made;
}

/** A coordinate as text, short and never too long for a path. */
const place = (v) => Math.min(Math.max(v, -1e4), 1e4).toFixed(1);

/** Round numbers from low to high, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) found.push(k * step);
  return found;
}

/** The values inside fences around the middle half, after Tukey: a pole at the edge must not flatten the rest. */
function span(values, must, fence) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const part = (q) => sorted[Math.round(q * (sorted.length - 1))];
  const [low, high] = [part(0.25), part(0.75)];
  const reach = Math.max(high - low, 1e-9 * Math.abs(high), 1e-9);
  const ends = [Math.max(sorted[0], low - fence * reach), Math.min(sorted.at(-1), high + fence * reach)];
  const kept = [...ends, ...must.filter(Number.isFinite)];
  const [least, most] = [Math.min(...kept), Math.max(...kept)];
  const room = Math.max(most - least, 1e-6 * Math.abs(least), 1e-6) / 12;
  return [least - room, most + room];
}

/** An empty drawing with axes; what is appended to `inside` is cut off at its frame. */
function frame(svg, height, [x0, x1], [y0, y1], [across, up]) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
  const right = WIDTH - PAD.right, bottom = height - PAD.bottom;
  const box = { x: PAD.left, y: PAD.top, width: right - PAD.left, height: bottom - PAD.top };
  const px = (v) => PAD.left + ((v - x0) / (x1 - x0)) * box.width;
  const py = (v) => bottom - ((v - y0) / (y1 - y0)) * box.height;
  const marks = svg.appendChild(element("g", { class: "marks" }));
  for (const v of ticks(x0, x1, 5)) {
    marks.append(element("path", { d: `M${place(px(v))},${bottom}v4` }));
    marks.append(element("text", { x: px(v), y: bottom + 16, "text-anchor": "middle" }, shown(v)));
  }
  for (const v of ticks(y0, y1, 4)) {
    marks.append(element("path", { d: `M${PAD.left},${place(py(v))}h-4` }));
    marks.append(element("text", { x: PAD.left - 7, y: py(v) + 4, "text-anchor": "end" }, shown(v)));
  }
  marks.append(element("rect", box));
  const middle = (PAD.left + right) / 2;
  marks.append(named({ x: middle, y: height - 5, "text-anchor": "middle" }, across));
  marks.append(named({ x: 8, y: PAD.top - 9 }, up));
  const inside = svg.appendChild(element("svg", { ...box, viewBox: Object.values(box).join(" ") }));
  return { px, py, box, inside };
}

/** One parameter: J with the line whose slope is the theorem's sum, and both sides of the theorem below. */
function curves(figure, { inputs, data, x, y, at }) {
  const [{ min, max, label }] = inputs;
  const [upper, lower] = figure.querySelectorAll("svg");
  const height = 210, samples = 160;

  const path = ({ px, py }, points, of) => {
    let d = "", pen = "M";
    for (const p of points) {
      const v = of(p);
      if (Number.isFinite(v)) d += `${pen}${place(px(p.v))},${place(py(v))}`;
      pen = Number.isFinite(v) ? "L" : "M";
    }
    return d;
  };

  return () => {
    const points = Array.from({ length: samples + 1 }, (_, i) => {
      const v = min + (i / samples) * (max - min), out = at([[0, v]]);
      return { v, J: out[data.J], left: out[data.grad[0]], right: out[data.total[0]] };
    });
    const [here, J, left, right] = [x[0], y[data.J], y[data.grad[0]], y[data.total[0]]];
    const known = Number.isFinite(J + left + right);
    const where = `at ${label} = ${shown(here)}`;

    const top = frame(upper, height, [min, max], span(points.map((p) => p.J), [J], 0.5), [label, "J"]);
    top.inside.append(element("path", { class: "curve", d: path(top, points, (p) => p.J) }));
    if (known) {
      const end = (v) => `${place(top.px(here + v))},${place(top.py(J + right * v))}`;
      top.inside.append(element("path", { class: "sum", d: `M${end(-1.5)}L${end(1.5)}` }));
      top.inside.append(element("circle", { class: "here", cx: top.px(here), cy: top.py(J), r: 5 }));
    }
    const tangent = `J = ${shown(J)} and the tangent with the theorem's slope ${shown(right)}`;
    upper.setAttribute("aria-label", `J against ${label}; ${where}, ${tangent}`);

    const slopes = points.flatMap((p) => [p.left, p.right]);
    const low = frame(lower, height, [min, max], span(slopes, [left, right], 1.5), [label, "slope"]);
    low.inside.append(element("path", { class: "zero", d: `M${low.box.x},${place(low.py(0))}h${low.box.width}` }));
    low.inside.append(element("path", { class: "curve", d: path(low, points, (p) => p.left) }));
    for (const p of points.filter((p, i) => i % 6 === 0 && Number.isFinite(p.right))) {
      low.inside.append(element("circle", { class: "dot", cx: place(low.px(p.v)), cy: place(low.py(p.right)), r: 3 }));
    }
    if (known) low.inside.append(element("circle", { class: "here", cx: low.px(here), cy: low.py(left), r: 5 }));
    const sides = `${shown(left)} and ${shown(right)}`;
    lower.setAttribute("aria-label", `Both sides of the theorem against ${label}; ${where} they are ${sides}`);
  };
}

/** Two parameters: arrows of grad J, J as shade, and both sides of the theorem at the current point. */
function field(figure, { inputs, data, x, y, at, move }) {
  const svg = figure.querySelector("svg");
  const axes = [...figure.querySelectorAll(".axes select")];
  let drawn = "", use = null, now = null;

  function ground(i, j) {
    const [a, b] = [inputs[i], inputs[j]];
    use = frame(svg, 370, [a.min, a.max], [b.min, b.max], [a.label, b.label]);
    const shades = use.inside.appendChild(element("g", { class: "ground" }));
    const lines = use.inside.appendChild(element("g", { class: "arrows" }));
    now = use.inside.appendChild(element("g"));
    const width = use.box.width / GRID, height = use.box.height / GRID;
    const cells = [];
    for (let p = 0; p < GRID; p++) {
      for (let q = 0; q < GRID; q++) {
        const u = a.min + ((p + 0.5) / GRID) * (a.max - a.min), v = b.min + ((q + 0.5) / GRID) * (b.max - b.min);
        const out = at([[i, u], [j, v]]);
        cells.push({ p, q, u, v, J: out[data.J], g: out[data.grad[i]], h: out[data.grad[j]] });
      }
    }
    const known = cells.filter(({ J, g, h }) => Number.isFinite(J + g + h));
    const longest = Math.max(...known.map(({ g, h }) => Math.hypot(g, h)));
    const [least, most] = span(known.map(({ J }) => J), [], 0.5);
    for (const { p, q, u, v, J, g, h } of known) {
      const shade = Math.min(Math.max((J - least) / (most - least), 0), 1);
      const corner = { x: use.box.x + p * width, y: use.box.y + (GRID - 1 - q) * height };
      shades.append(element("rect", { ...corner, width, height, "fill-opacity": (0.38 * shade).toFixed(3) }));
      const size = Math.hypot(g, h);
      if (!(size > 0)) continue;
      const part = (0.85 * Math.min(width, height) * Math.sqrt(size / longest)) / size;
      const [dx, dy] = [g * part, -h * part];
      lines.append(arrow("", use.px(u) - dx / 2, use.py(v) - dy / 2, dx, dy, 5));
    }
  }

  function arrow(name, x0, y0, dx, dy, head) {
    const size = Math.hypot(dx, dy), tip = Math.min(0.45 * size, head) / size;
    const end = `${place(x0 + dx)},${place(y0 + dy)}`;
    const [left, right] = [1, -1].map((side) => {
      const back = { x: x0 + dx - tip * (dx - 0.5 * side * dy), y: y0 + dy - tip * (dy + 0.5 * side * dx) };
      return `${place(back.x)},${place(back.y)}`;
    });
    return element("path", { class: name, d: `M${place(x0)},${place(y0)}L${end}M${left}L${end}L${right}` });
  }

  axes.forEach((select, k) => select.addEventListener("change", () => {
    const other = axes[1 - k];
    if (other.value === select.value) other.value = String((Number(select.value) + 1) % data.grad.length);
    move([]);
  }));

  function drag(event) {
    if (!(event.buttons & 1) || !use) return;
    const edge = svg.getBoundingClientRect(), scale = WIDTH / edge.width;
    const across = ((event.clientX - edge.left) * scale - use.box.x) / use.box.width;
    const up = 1 - ((event.clientY - edge.top) * scale - use.box.y) / use.box.height;
    move([across, up].map((part, k) => {
      const { min, max, step } = inputs[axes[k].value];
      return [Number(axes[k].value), Math.round((min + Math.min(Math.max(part, 0), 1) * (max - min)) / step) * step];
    }));
  }
  for (const name of ["pointerdown", "pointermove"]) svg.addEventListener(name, drag);

  return () => {
    const [i, j] = axes.map((select) => Number(select.value));
    // the ground depends on every input but these two
    const key = JSON.stringify([i, j, ...x].map((v, k) => (k === i + 2 || k === j + 2 ? null : v)));
    if (key !== drawn) ground(i, j);
    drawn = key;
    now.replaceChildren();
    const [cx, cy] = [use.px(x[i]), use.py(x[j])];
    const sides = [["left", data.grad], ["sum", data.total]].map(([name, of]) => ({ name, g: y[of[i]], h: y[of[j]] }));
    const longest = Math.max(...sides.map(({ g, h }) => Math.hypot(g, h)));
    if (Number.isFinite(cx + cy)) now.append(element("circle", { class: "here", cx, cy, r: 4.5 }));
    for (const { name, g, h } of sides) {
      if (Math.hypot(g, h) > 0) now.append(arrow(name, cx, cy, (48 * g) / longest, (-48 * h) / longest, 10));
    }
    const [left, right] = sides.map(({ g, h }) => `(${shown(g)}, ${shown(h)})`);
    const [a, b] = [inputs[i].label, inputs[j].label];
    const where = `at ${a} = ${shown(x[i])}, ${b} = ${shown(x[j])}`;
    const text = `${where} grad J is ${left} and the theorem's sum ${right}`;
    svg.setAttribute("aria-label", `Arrows of grad J over ${a} and ${b}; ${text}`);
  };
}
