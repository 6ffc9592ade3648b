// The drawing: states as circles, actions as discs beside them, an arrow to each outcome.
const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 24, REACH = 46, DISC = 8;
const MANY = 40; // with more outcomes, only those of the selected state have labels

const node = (name, attributes = {}, text) => {
  const found = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  if (text !== undefined) found.textContent = text;
  return found;
};
const short = (text, n) => (text.length > n ? `${text.slice(0, n - 1)}…` : text);
const turn = (from, to) => Math.PI - ((((from - to + Math.PI) % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI));

/** On which side of its state each action stands: towards its outcomes, and apart from the others. */
function sides(model, at) {
  const angles = new Map();
  for (const s of model.states) {
    const rows = model.transitions.filter((row) => row[0] === s);
    const found = [...new Set(rows.map((row) => row[1]))].map((a) => {
      const away = rows.filter((row) => row[1] === a && row[2] !== s).map((row) => at[row[2]]);
      const x = away.reduce((sum, p) => sum + p[0] - at[s][0], 0), y = away.reduce((sum, p) => sum + p[1] - at[s][1], 0);
      return { a, angle: Math.hypot(x, y) > 1 ? Math.atan2(y, x) - 0.35 : -Math.PI / 2 };
    });
    const gap = Math.min(0.95, (2 * Math.PI) / Math.max(found.length, 1));
    for (let sweep = 0; sweep < 60; sweep++)
      for (const one of found) for (const two of found) {
        const between = turn(one.angle, two.angle);
        if (one === two || Math.abs(between) >= gap - 0.01) continue;
        const push = (gap - Math.abs(between)) / 2 * (between < 0 || (between === 0 && one.a > two.a) ? -1 : 1);
        one.angle -= push;
        two.angle += push;
      }
    for (const { a, angle } of found) angles.set(`${s}\n${a}`, angle);
  }
  return angles;
}

/** A curve from a disc to the rim of its target, by its four control points. */
function curve([x, y], angle, [cx, cy], loop, bend) {
  if (loop) {
    const side = angle + 1.15 + 0.3 * bend, far = 1.25 * (RADIUS + 34 + 10 * bend);
    return [[x, y], [x + 34 * Math.cos(angle + 0.3), y + 34 * Math.sin(angle + 0.3)],
      [cx + far * Math.cos(side), cy + far * Math.sin(side)], [cx + (RADIUS + 2) * Math.cos(side), cy + (RADIUS + 2) * Math.sin(side)]];
  }
  // leave half in the direction of the disc, and arrive from where that leads
  const to = Math.atan2(cy - y, cx - x), out = to + 0.6 * Math.max(-1.4, Math.min(1.4, turn(to, angle))) - 0.3 * bend;
  const reach = 0.4 * Math.hypot(cx - x, cy - y), into = to + Math.PI + 0.35 * turn(out, to) + (bend % 2 ? 0.25 : -0.12);
  return [[x, y], [x + reach * Math.cos(out), y + reach * Math.sin(out)],
    [cx + reach * Math.cos(into), cy + reach * Math.sin(into)], [cx + (RADIUS + 2) * Math.cos(into), cy + (RADIUS + 2) * Math.sin(into)]];
}
const along = (points, t) => [0, 1].map((i) => {
  const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
  return weights.reduce((sum, w, k) => sum + w * points[k][i], 0);
});

/** Where a label stands: beside its curve, where it covers least of what is there. */
function beside(points, width, taken) {
  let best = null;
  for (const t of [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74]) {
    const [x, y] = along(points, t), [[x0, y0], [x1, y1]] = [along(points, t - 0.02), along(points, t + 0.02)];
    const length = Math.hypot(x1 - x0, y1 - y0) || 1, [nx, ny] = [(y1 - y0) / length, (x0 - x1) / length];
    for (const [side, away] of [[1, 3], [-1, 3], [1, 12], [-1, 12]]) {
      const off = side * (Math.abs(nx) * width / 2 + Math.abs(ny) * 7 + away), box = [x + off * nx, y + off * ny, width / 2, 7];
      const covered = taken.reduce((sum, [bx, by, bw, bh]) => sum + Math.max(0, box[2] + bw - Math.abs(box[0] - bx)) * Math.max(0, box[3] + bh - Math.abs(box[1] - by)), 0);
      const cost = covered + 20 * Math.abs(t - 0.5) + away / 2;
      if (best === null || cost < best.cost) best = { cost, box };
    }
  }
  taken.push(best.box);
  return best.box;
}

/** Draws the model into the SVG; `edit` has move, add, connect, select, remove. */
export function picture(svg, edit) {
  let model, at, press = null, connecting = null, selected = null;

  function draw() {
    const box = [0, 1].map((i) => model.states.map((s) => at[s][i])).map((found, i) => {
      const [low, high] = found.length ? [Math.min(...found), Math.max(...found)] : [0, 0], size = Math.max(high - low + 190, [460, 240][i]);
      return [(low + high - size) / 2, size];
    });
    if (!press) svg.setAttribute("viewBox", `${box[0][0]} ${box[1][0]} ${box[0][1]} ${box[1][1]}`);
    const focus = document.activeElement?.closest?.("#picture [data-state]")?.dataset.state;
    const arrows = node("g"), states = node("g"), labels = node("g"), actions = [...new Set(model.transitions.map((r) => r[1]))];
    const angles = sides(model, at), seen = new Map(), wanted = [], taken = model.states.map((s) => [...at[s], RADIUS, RADIUS]);
    for (const [s, a, t, p, r] of model.transitions) {
      const angle = angles.get(`${s}\n${a}`), centre = [at[s][0] + REACH * Math.cos(angle), at[s][1] + REACH * Math.sin(angle)];
      const bend = seen.get(`${s}\n${a}\n${t}`) ?? 0;
      seen.set(`${s}\n${a}\n${t}`, bend + 1);
      const points = curve(centre, angle, at[t], s === t, bend), d = `M${points[0]} C${points.slice(1).join(" ")}`;
      const colour = `c${actions.indexOf(a) % 8}`;
      arrows.append(node("path", { d, class: `arrow ${colour}`, "marker-end": `url(#tip-${colour})` }));
      if (bend === 0 && !seen.has(`${s}\n${a}`)) {
        seen.set(`${s}\n${a}`, true);
        const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
        arrows.append(node("line", { x1: at[s][0] + RADIUS * dx, y1: at[s][1] + RADIUS * dy, x2: centre[0], y2: centre[1], class: `arrow ${colour}` }));
        const disc = node("g", { class: `disc ${colour}`, "data-from": s, "data-action": a });
        disc.append(node("circle", { cx: centre[0], cy: centre[1], r: DISC }), node("title", {}, `action ${a} in ${s}`));
        const name = short(a, 12), far = [centre[0] + (13 + 3.4 * name.length * Math.abs(dx)) * dx, centre[1] + 17 * dy];
        states.append(disc);
        taken.push([...centre, DISC + 2, DISC + 2], [...far, 3.4 * name.length, 7]);
        labels.append(node("text", { x: far[0], y: far[1] + 4, class: `action ${colour}` }, name));
      }
      const text = [String(p) === "1" ? "" : String(p), String(r) === "0" ? "" : `r = ${r}`].filter(Boolean).join(", ");
      for (const t of [0.15, 0.3, 0.5, 0.7, 0.85]) taken.push([...along(points, t), 2, 2]);
      if (text && (s === selected || model.transitions.length <= MANY)) wanted.push([points, short(text, 22)]);
    }
    for (const [points, text] of wanted) {
      const [x, y] = beside(points, 6.2 * text.length, taken);
      labels.append(node("text", { x, y: y + 4, class: "label" }, text));
    }
    for (const s of model.states) {
      const [x, y] = at[s], end = model.terminal.includes(s), begin = s in model.start;
      const rows = new Set(model.transitions.filter((row) => row[0] === s).map((row) => row[1]));
      const group = node("g", {
        class: `state${end ? " end" : ""}${s === selected ? " selected" : ""}${s === connecting ? " source" : ""}`, tabindex: 0, role: "button", "data-state": s,
        "aria-label": `state ${s}${begin ? ", start" : ""}${end ? ", terminal" : `, actions ${[...rows].join(", ") || "none"}`}`, "aria-pressed": String(s === selected),
      });
      if (begin) group.append(node("path", { d: `M${x - RADIUS - 24},${y} h20`, class: "arrow start", "marker-end": "url(#tip-start)" }));
      group.append(node("circle", { cx: x, cy: y, r: RADIUS + 6, class: "rim" }), node("circle", { cx: x, cy: y, r: RADIUS }));
      if (end) group.append(node("circle", { cx: x, cy: y, r: RADIUS - 4 }));
      group.append(node("text", { x, y: y + 5, class: s.length > 5 ? "long" : "" }, short(s, 8)), node("title", {}, `state ${s}`));
      states.append(group);
    }
    const defs = node("defs");
    for (const colour of ["start", ...actions.map((_, k) => `c${k}`).slice(0, 8)]) {
      const tip = node("marker", { id: `tip-${colour}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
      tip.append(node("path", { d: "M0,0 L8,4 L0,8 z", class: `tip ${colour}` }));
      defs.append(tip);
    }
    svg.replaceChildren(defs, arrows, states, labels, node("path", { id: "wire", class: "wire" }));
    if (focus !== undefined) [...svg.querySelectorAll("[data-state]")].find((g) => g.dataset.state === focus)?.focus();
  }

  const place = (event) => {
    const found = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [Math.round(found.x), Math.round(found.y)];
  };
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-state]")?.dataset.state;
  const linking = (s) => {
    connecting = s;
    edit.linking(s);
    draw();
  };

  svg.addEventListener("pointerdown", (event) => {
    const disc = event.target.closest("[data-action]"), state = event.target.closest("[data-state]");
    if (!disc && !state) return;
    const s = disc ? disc.dataset.from : state.dataset.state;
    press = { s, action: disc?.dataset.action, link: disc || event.target.classList.contains("rim") || edit.wires(), from: place(event), moved: false };
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    if (!press) return;
    const [x, y] = place(event);
    press.moved ||= Math.hypot(x - press.from[0], y - press.from[1]) > 4;
    if (press.link) svg.querySelector("#wire").setAttribute("d", `M${press.from} L${x},${y}`);
    else if (press.moved) {
      at[press.s] = [x, y];
      draw();
    }
  });
  svg.addEventListener("pointerup", (event) => {
    if (!press) return;
    const { s, action, link, moved } = press, target = under(event);
    press = null;
    if (link && target !== undefined && (moved || edit.wires())) edit.connect(s, target, action);
    else if (!link && moved) edit.moved();
    else edit.select(s);
    draw();
  });
  svg.addEventListener("pointercancel", () => { press = null; draw(); });
  svg.addEventListener("dblclick", (event) => { if (!event.target.closest("[data-state], [data-action]")) edit.add(place(event)); });
  svg.addEventListener("keydown", (event) => {
    const s = event.target.closest("[data-state]")?.dataset.state;
    if (s === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] }[event.key];
    if (step) { at[s] = [at[s][0] + step[0], at[s][1] + step[1]]; draw(); }
    else if (event.key === "Enter" || event.key === " ") {
      if (connecting !== null) { const from = connecting; linking(null); edit.connect(from, s); }
      else { edit.select(s); if (event.key === "Enter") edit.enter(s); }
    } else if (event.key === "c") linking(connecting === null ? s : null);
    else if (event.key === "Escape") linking(null);
    else if (event.key === "Delete" || event.key === "Backspace") edit.remove(s);
    else return;
    event.preventDefault();
  });

  return (nextModel, nextAt, nextSelected) => {
    [model, at, selected] = [nextModel, nextAt, nextSelected];
    if (!model.states.includes(connecting)) connecting = null;
    draw();
  };
}
