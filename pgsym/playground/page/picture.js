// The drawing: states as circles, actions as discs beside them, an arrow to each outcome.
const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 24, REACH = 46, DISC = 8;

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

/** A curve from a disc to the rim of its target, and where its label stands. */
function curve([x, y], angle, [cx, cy], loop, bend) {
  if (loop) {
    const side = angle + 1.15 + 0.3 * bend, far = RADIUS + 34 + 10 * bend;
    const tip = [cx + RADIUS * Math.cos(side), cy + RADIUS * Math.sin(side)];
    const out = [x + 30 * Math.cos(angle + 0.3), y + 30 * Math.sin(angle + 0.3)];
    const back = [cx + far * 1.25 * Math.cos(side), cy + far * 1.25 * Math.sin(side)];
    const label = [0, 1].map((i) => ([x, y][i] + 3 * out[i] + 3 * back[i] + tip[i]) / 8);
    return { d: `M${x},${y} C${out} ${back} ${tip}`, label: [label[0] + 22 * Math.cos(angle + 0.7), label[1] + 10 * Math.sin(angle + 0.7)] };
  }
  const length = Math.hypot(cx - x, cy - y) || 1, lift = (bend % 2 ? -1 : 1) * (10 + 18 * Math.ceil(bend / 2));
  const mid = [(x + cx) / 2 + (lift * (cy - y)) / length, (y + cy) / 2 - (lift * (cx - x)) / length];
  const into = Math.atan2(mid[1] - cy, mid[0] - cx);
  const tip = [cx + (RADIUS + 2) * Math.cos(into), cy + (RADIUS + 2) * Math.sin(into)];
  const beside = (lift < 0 ? -1 : 1) * 12, over = [(beside * (cy - y)) / length, (-beside * (cx - x)) / length];
  return { d: `M${x},${y} Q${mid} ${tip}`, label: [0, 1].map((i) => 0.25 * [x, y][i] + 0.5 * mid[i] + 0.25 * tip[i] + over[i] * (i ? 1 : 2)) };
}

/** Draws the model into the SVG; `edit` has move, add, connect, select, remove. */
export function picture(svg, edit) {
  let model, at, press = null, connecting = null, selected = null;

  function draw() {
    const points = Object.values(at), pad = 92;
    const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
    const left = Math.min(0, ...xs) - pad, top = Math.min(0, ...ys) - pad;
    const width = Math.max(420, Math.max(0, ...xs) + pad - left), height = Math.max(230, Math.max(0, ...ys) + pad - top);
    if (!press) svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
    const focus = document.activeElement?.closest?.("#picture [data-state]")?.dataset.state;
    const arrows = node("g"), states = node("g"), labels = node("g"), actions = [...new Set(model.transitions.map((r) => r[1]))];
    const angles = sides(model, at), seen = new Map();
    for (const [s, a, t, p, r] of model.transitions) {
      const angle = angles.get(`${s}\n${a}`), centre = [at[s][0] + REACH * Math.cos(angle), at[s][1] + REACH * Math.sin(angle)];
      const bend = seen.get(`${s}\n${a}\n${t}`) ?? 0;
      seen.set(`${s}\n${a}\n${t}`, bend + 1);
      const { d, label } = curve(centre, angle, at[t], s === t, bend);
      const colour = `c${actions.indexOf(a) % 8}`;
      arrows.append(node("path", { d, class: `arrow ${colour}`, "marker-end": "url(#tip)" }));
      if (bend === 0 && !seen.has(`${s}\n${a}`)) {
        seen.set(`${s}\n${a}`, true);
        const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
        arrows.append(node("line", { x1: at[s][0] + RADIUS * dx, y1: at[s][1] + RADIUS * dy, x2: centre[0], y2: centre[1], class: `arrow ${colour}` }));
        const disc = node("g", { class: `disc ${colour}`, "data-from": s, "data-action": a });
        disc.append(node("circle", { cx: centre[0], cy: centre[1], r: DISC }), node("title", {}, `action ${a} in ${s}`));
        const far = [centre[0] + 15 * dx, centre[1] + 15 * dy + 4];
        states.append(disc);
        labels.append(node("text", { x: far[0], y: far[1], class: `action ${colour}`, "text-anchor": dx > 0.35 ? "start" : dx < -0.35 ? "end" : "middle" }, short(a, 12)));
      }
      const text = [String(p) === "1" ? "" : String(p), String(r) === "0" ? "" : `r = ${r}`].filter(Boolean).join(", ");
      if (text) labels.append(node("text", { x: label[0], y: label[1] + 4, class: "label" }, short(text, 22)));
    }
    for (const s of model.states) {
      const [x, y] = at[s], end = model.terminal.includes(s), begin = s in model.start;
      const rows = new Set(model.transitions.filter((row) => row[0] === s).map((row) => row[1]));
      const group = node("g", {
        class: `state${end ? " end" : ""}${s === selected ? " selected" : ""}${s === connecting ? " source" : ""}`, tabindex: 0, role: "button", "data-state": s,
        "aria-label": `state ${s}${begin ? ", start" : ""}${end ? ", terminal" : `, actions ${[...rows].join(", ") || "none"}`}`, "aria-pressed": String(s === selected),
      });
      if (begin) group.append(node("path", { d: `M${x - RADIUS - 24},${y} h20`, class: "arrow start", "marker-end": "url(#tip)" }));
      group.append(node("circle", { cx: x, cy: y, r: RADIUS + 6, class: "rim" }), node("circle", { cx: x, cy: y, r: RADIUS }));
      if (end) group.append(node("circle", { cx: x, cy: y, r: RADIUS - 4 }));
      group.append(node("text", { x, y: y + 5 }, short(s, 6)), node("title", {}, `state ${s}`));
      states.append(group);
    }
    const tip = node("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" });
    tip.append(node("path", { d: "M0,0 L8,4 L0,8 z", class: "tip" }));
    const defs = node("defs");
    defs.append(tip);
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
