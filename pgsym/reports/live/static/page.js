// The moving part of a report.  `compute(x, y)` is compiled from the closed forms: this file knows no formula of
// reinforcement learning, it reads positions of y from the page's data and shows what stands there.

const ROUNDING = 1e-9; // of the terms that are added: sides that differ by less are shown as equal

/** Six significant digits, with a true minus sign. */
function shown(value) {
  if (!Number.isFinite(value)) return "undefined";
  const rounded = Number(value.toPrecision(6)), size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(rounded).replace("-", "−");
  const [digits, power] = rounded.toExponential().replace("+", "").split("e");
  const raised = [...power].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
  return `${digits}×10${raised}`.replace("-", "−");
}

/** The same for a number field, which wants ASCII. */
const typed = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(6))) : "");

function start(root, data, compute) {
  const find = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const inputs = data.inputs;
  const x = Float64Array.from(inputs, (input) => input.start);
  const y = new Float64Array(data.outputs);
  const trial = { x: x.slice(), y: y.slice() };

  /** All values at a point; NaN where it lies outside the model. */
  function evaluate(at, out) {
    compute(at, out);
    const failed = data.conditions.filter(({ out: k, strict }) => !(strict ? out[k] > 0 : out[k] >= -ROUNDING));
    if (failed.length || at.some((value) => !Number.isFinite(value))) out.fill(NaN);
    return failed;
  }

  // -- controls ------------------------------------------------------------------------------------------

  const sliders = all("input[type=range]");
  const fields = all("input[type=number]");

  function set(k, value, source) {
    x[k] = value;
    if (sliders[k] !== source) sliders[k].value = Number.isFinite(value) ? value : inputs[k].start;
    if (fields[k] !== source) fields[k].value = typed(value);
    sliders[k].setAttribute("aria-valuetext", shown(value));
    request();
  }

  inputs.forEach((_, k) => {
    sliders[k].addEventListener("input", () => set(k, Number(sliders[k].value), sliders[k]));
    fields[k].addEventListener("input", () => set(k, fields[k].valueAsNumber, fields[k]));
    fields[k].addEventListener("change", () => (fields[k].value = typed(x[k])));
  });
  all(".points button").forEach((button, k) => {
    button.addEventListener("click", () => data.points[k].forEach((value, i) => set(i, value)));
  });
  const pages = find(".pages select");
  pages?.addEventListener("change", () => {
    for (const row of all(".control[data-page]")) row.hidden = row.dataset.page !== pages.value;
  });

  // -- numbers -------------------------------------------------------------------------------------------

  function put(cell, value) {
    cell.textContent = shown(value);
    cell.dataset.value = value;
    cell.title = Number.isFinite(value) ? String(value) : "";
  }

  function numbers() {
    for (const cell of all("[data-out]")) put(cell, y[cell.dataset.out]);
    for (const cell of all("[data-sides]")) {
      const [left, right, ...terms] = cell.dataset.sides.split(" ").map((k) => y[k]);
      const size = terms.reduce((sum, term) => sum + Math.abs(term), Math.abs(left) + Math.abs(right));
      const equal = Math.abs(left - right) <= ROUNDING * size;
      cell.textContent = Number.isNaN(left - right) ? "" : equal ? "=" : "≠";
      cell.classList.toggle("differs", cell.textContent === "≠");
    }
  }

  // -- the sum, term by term -----------------------------------------------------------------------------

  const chosen = find(".terms select");
  const rows = find(".terms tbody");

  function terms() {
    if (!rows) return;
    const found = data.terms[chosen?.value ?? 0];
    const largest = Math.max(...found.map(({ term }) => Math.abs(y[term])));
    rows.replaceChildren(...found.map(({ pair, slope, term }) => {
      const { state, action, weight, q } = data.pairs[pair];
      const row = document.createElement("tr");
      for (const name of [state, action]) row.appendChild(document.createElement("th")).textContent = name;
      for (const k of [weight, slope, q, term]) put(row.appendChild(document.createElement("td")), y[k]);
      const bar = row.lastChild.appendChild(document.createElement("span"));
      bar.className = y[term] < 0 ? "bar negative" : "bar";
      bar.style.setProperty("--part", Number.isFinite(largest) && largest > 0 ? Math.abs(y[term]) / largest : 0);
      return row;
    }));
    put(find(".terms tfoot td.total"), y[data.total[chosen?.value ?? 0]]);
  }
  chosen?.addEventListener("change", terms);

  // -- the graph -----------------------------------------------------------------------------------------

  const graph = find(".graph svg");
  const nodes = graph ? [...graph.querySelectorAll("g.n")] : [];
  const groups = graph ? [...graph.querySelectorAll("g.a")] : [];

  function line(path, part) {
    path.style.strokeWidth = `${0.8 + 5.2 * part}px`;
    path.style.strokeOpacity = 0.3 + 0.7 * part;
  }

  function follow() {
    data.graph.nodes.forEach((k, i) => nodes[i].style.setProperty("--share", k === null ? 0 : y[k] || 0));
    data.graph.groups.forEach(({ pi, arrows }, i) => {
      const stem = groups[i].querySelector(".w");
      if (stem && pi !== null) line(stem, y[pi] || 0);
      const lines = groups[i].querySelectorAll(".t");
      const heads = groups[i].querySelectorAll(".h");
      arrows.forEach((k, j) => {
        const part = y[k] || 0;
        line(lines[j], part);
        // the point of the arrow stays where it is
        const [tipX, tipY] = heads[j].getAttribute("d").match(/-?[\d.]+/g);
        heads[j].style.transformOrigin = `${tipX}px ${tipY}px`;
        heads[j].style.transform = `scale(${0.9 + part})`;
        heads[j].style.fillOpacity = 0.4 + 0.6 * part;
      });
    });
  }

  // -- J and grad J over the parameters ------------------------------------------------------------------

  /** Values at a point that differs from the current one in some inputs. */
  function at(changes) {
    trial.x.set(x);
    for (const [k, value] of changes) trial.x[k] = value;
    evaluate(trial.x, trial.y);
    return trial.y;
  }

  function move(changes) {
    for (const [k, value] of changes) set(k, value);
    request();
  }

  const figure = find(".plots");
  const picture = { inputs, data, x, y, at, move };
  const draw = !figure ? () => {} : data.grad.length === 1 ? curves(figure, picture) : field(figure, picture);

  // -- boxes that scroll can be reached by key --------------------------------------------------------------

  const reach = ({ target }) => {
    const box = target.closest(".pane");
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const watch = new ResizeObserver((entries) => entries.forEach(reach));
  for (const pane of all(".pane")) for (const box of [pane, pane.firstElementChild]) watch.observe(box);

  // -- all of it -----------------------------------------------------------------------------------------

  let waiting = false;
  function request() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(show);
  }

  function show() {
    waiting = false;
    const failed = evaluate(x, y);
    const broken = failed.map(({ text }) => text).join(", ");
    find(".outside").textContent = broken && `Outside the model: ${broken} does not hold.`;
    numbers();
    terms();
    follow();
    draw();
  }

  inputs.forEach((input, k) => set(k, input.start));
  request();
}
