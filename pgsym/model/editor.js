// The editor of a model: its picture, in which states are dragged and connected, and the fields of its numbers.
// Python reads every change and answers with the picture, the model file, or what is wrong with which field.

const SVG = "http://www.w3.org/2000/svg";
const put = (found, properties, children) => {
  for (const [key, value] of Object.entries(properties))
    if (/^(aria-|data-|role$|tabindex$|c?[xyr]$|class$|d$)/.test(key)) found.setAttribute(key, value);
    else found[key] = value;
  found.append(...children);
  return found;
};
const make = (name, properties = {}, ...children) => put(document.createElement(name), properties, children);
const node = (name, properties = {}, ...children) => put(document.createElementNS(SVG, name), properties, children);

const fresh = (stem, taken) => { for (let k = 1; ; k++) if (!taken.includes(`${stem}${k}`)) return `${stem}${k}`; };
const word = (text) => text.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "") || "x";
const given = (kind) => kind === "logits" || kind === "probabilities";

const POLICIES = {
  tabular: "softmax, a parameter for each pair", shared: "softmax, a parameter for each action", uniform: "uniform",
  logits: "softmax of given logits", probabilities: "given probabilities",
};
const HINT = `Double-click adds a state. Drag a state to move it. From a state's rim, or with Connect, drag to another state:
  that is a new action; from a disc, another outcome of that action. By key: Tab to a state, arrows move it, c connects it,
  Enter edits it, Delete removes it.`;

/** The picture of a whole editor; `ask` sends a request to Python, `say` tells the reader something. */
export function editor(root, ask, { say = null, changed: heard = () => {} } = {}) {
  let model, kind, places = {}, picture = null, selected = null, connecting = null, press = null, past = [], timer = 0, asked = 0, wrong = [];

  // -- the parts ------------------------------------------------------------------------------------------

  const button = (text, onclick, more = {}) => make("button", { type: "button", textContent: text, onclick, ...more });
  const undo = button("Undo", () => { [model, places, kind] = JSON.parse(past.pop()); changed(); });
  const wires = button("Connect", () => wires.setAttribute("aria-pressed", String(wires.getAttribute("aria-pressed") !== "true")), { "aria-pressed": "false" });
  const remove = button("Delete", () => (selected === null ? tell("select a state first") : removeState(selected)));
  const bar = make("div", { className: "bar", role: "group", "aria-label": "Drawing" }, button("Add state", () => addState()), wires, remove, undo);
  const canvas = make("div", { className: "picture" });
  const status = make("p", { className: "hint", role: "status" });
  const outline = make("div", { className: "outline" });
  const select = (options, set) => make("select", { onchange: (event) => set(event.target.value) }, ...Object.entries(options).map(([value, text]) => make("option", { value, textContent: text })));
  const line = (label, size, field, set) => {
    const input = make("input", { size, spellcheck: false, onchange: () => set(input.value) });
    input.dataset.field = field;
    return { input, label: make("label", {}, `${label} `, input) };
  };
  const policies = select(POLICIES, (value) => change(() => { kind = value; if (given(kind)) model.policy = { params: [] }; }));
  const objectives = select({}, (value) => change(() => { model.objective = value; }));
  const gamma = make("span");
  const params = line("Parameters", 16, "policy.params", (text) => change(() => { model.policy.params = text.split(/[\s,]+/).filter(Boolean); }));
  const symbols = line("Symbols", 24, "symbols", (text) => change(() => {
    const pairs = text.split(";").map((part) => part.split(":").map((piece) => piece.trim())).filter(([name]) => name);
    model.symbols = Object.fromEntries(pairs.map(([name, said = ""]) => [name, said]));
  }));
  symbols.label.className = "wide";
  symbols.input.placeholder = "p: 0 < p < 1; b: real";
  const table = make("div");
  const settings = make("fieldset", { className: "settings" }, make("legend", { textContent: "Policy and objective" }),
    make("label", {}, "Policy ", policies), make("label", {}, "Objective ", objectives), make("label", {}, "Discount gamma ", gamma), params.label, symbols.label, table);
  const fault = make("p", { className: "error model-error", role: "alert" });
  const note = make("p", { className: "hint model-note", role: "status" });
  const yaml = make("textarea", { rows: 14, spellcheck: false });
  const unread = make("p", { className: "error", role: "alert" });
  const file = make("details", {}, make("summary", { textContent: "Model file" }), make("label", {}, "YAML; it is read when you press Apply", yaml),
    button("Apply", () => apply(yaml.value)), unread);
  root.classList.add("pgsym-editor");
  root.classList.toggle("alone", !say);
  root.replaceChildren(bar, canvas, make("p", { className: "hint", textContent: HINT }), ...(say ? [] : [status]), outline, settings, fault, note, file);
  const tell = say ?? ((text) => { status.textContent = text; });

  // -- the model ------------------------------------------------------------------------------------------

  const actions = (s) => [...new Set(model.transitions.filter((row) => row[0] === s).map((row) => row[1]))];
  const acting = () => model.states.filter((s) => actions(s).length);

  /** Change the model; what was before can be had back. */
  function change(edit) {
    past.push(JSON.stringify([model, places, kind]));
    past = past.slice(-100);
    edit();
    changed();
  }

  function changed() {
    policy();
    if (selected !== null && !model.states.includes(selected)) selected = null;
    show();
    root.dataset.pending = "true"; // until Python has read it
    asked++; // what it says of the model before is not waited for
    heard();
    clearTimeout(timer);
    timer = setTimeout(check, 60);
  }

  /** The policy of the chosen kind, for the states and actions that there are. */
  function policy() {
    const rows = (entry) => Object.fromEntries(acting().map((s) => [s, Object.fromEntries(actions(s).map((a) => [a, entry(s, a)]))]));
    const old = model.policy?.[kind];
    if (kind === "tabular") delete model.policy;
    else if (kind === "uniform") model.policy = { params: [], probabilities: rows((s) => `1/${actions(s).length}`), theta: {} };
    else if (kind === "shared") {
      const names = [...new Set(model.transitions.map((row) => `theta_${word(row[1])}`))];
      model.policy = { params: names, logits: rows((s, a) => `theta_${word(a)}`) };
    } else {
      const { params: names = [], theta = {}, epsilon } = model.policy ?? {};
      model.policy = { params: names, [kind]: rows((s, a) => old?.[s]?.[a] ?? (kind === "logits" ? "0" : `1/${actions(s).length}`)) };
      if (names.every((name) => name in theta)) model.policy.theta = Object.fromEntries(names.map((name) => [name, theta[name]]));
      else if (kind === "probabilities") model.policy.theta = Object.fromEntries(names.map((name) => [name, theta[name] ?? "1/2"]));
      if (epsilon !== undefined) model.policy.epsilon = epsilon;
    }
  }

  /** Ask Python whether it is a model; its file is what says so. */
  async function check() {
    clearTimeout(timer);
    const mine = ++asked, found = await ask("checking the model ...", { ask: "show", document: model, places });
    if (mine !== asked || !found) return null;
    delete root.dataset.pending;
    note.textContent = (found.notes ?? []).join(" ");
    if ("picture" in found) drawn(found.picture);
    point(found);
    if (found.yaml) yaml.value = found.yaml;
    return found.yaml ?? null;
  }

  /** Mark the fields that an error is about, and say it there; where none is shown, below. */
  function point({ error = "", where = null, fields = [] }) {
    for (const field of root.querySelectorAll("[aria-invalid]:not([data-own])")) mark(field, "");
    const shown = fields.flatMap((name) => {
      let field = null;
      for (let key = name; !field && key; key = /[.[]/.test(key) ? key.replace(/[.[][^.[]*$/, "") : "") field = root.querySelector(`[data-field="${CSS.escape(key)}"]`);
      return field ?? [];
    });
    shown.forEach((field, k) => mark(field, error, k === 0));
    const beside = shown.some((field) => field.parentElement.matches(".formula"));
    fault.textContent = error && !beside ? `${where ? `${where}: ` : ""}${error}` : "";
    wrong = error ? fields.map((name) => model.transitions[/^transitions\[(\d+)\]/.exec(name)?.[1]]?.[0] ?? name.split(".")[1]) : [];
    handles();
  }

  function mark(field, error, spoken = true) {
    if (error) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    const said = field.parentElement.querySelector(":scope > .error");
    if (said && spoken) said.textContent = error;
  }

  /** Edit another model; text where it cannot be. */
  function open(found) {
    if (!found) return "";
    if (found.error) return found.error;
    const before = model && JSON.stringify([model, places, kind]);
    model = found.document;
    model.terminal ??= [];
    objectives.replaceChildren(...found.objectives.map((name) => make("option", { value: name, textContent: name })));
    kind = !model.policy ? "tabular" : model.policy.logits ? "logits" : "probabilities";
    selected = connecting = null;
    places = {};
    if (found.picture !== undefined) drawn(found.picture);
    if (before) past.push(before);
    changed();
    return "";
  }

  async function apply(text) {
    yaml.value = text;
    unread.textContent = open(await ask("reading the file ...", { ask: "read", text }));
    file.open ||= unread.textContent !== "";
  }

  // -- editing --------------------------------------------------------------------------------------------

  function addState(place) {
    change(() => {
      const s = fresh("s", model.states), xs = Object.values(places);
      model.states.push(s);
      places[s] = place ?? [xs.length ? Math.max(...xs.map((p) => p[0])) + 1 : 0, xs.length ? xs.at(-1)[1] : 0];
      if (!Object.keys(model.start).length) model.start[s] = 1;
      selected = s;
    });
  }

  function connect(s, t, action) {
    if (model.terminal.includes(s)) return tell(`${s} is terminal: a run ends there, and nothing leads on`);
    change(() => {
      const a = action ?? fresh("a", actions(s));
      const rows = model.transitions.filter((row) => row[0] === s && row[1] === a);
      // another outcome of an action shares its probability
      for (const row of rows) if (rows.every((r) => r[3] === rows[0][3])) row[3] = `1/${rows.length + 1}`;
      model.transitions.push([s, a, t, rows.length ? `1/${rows.length + 1}` : 1, 0]);
      selected = s;
    });
  }

  function removeState(s) {
    change(() => {
      model.states = model.states.filter((x) => x !== s);
      model.terminal = model.terminal.filter((x) => x !== s);
      model.transitions = model.transitions.filter((row) => row[0] !== s && row[2] !== s);
      delete model.start[s];
      delete places[s];
    });
  }

  function renameState(s, name) {
    if (!name || model.states.includes(name)) {
      show();
      return name && name !== s ? tell(`there is a state ${name} already; choose another name`) : null;
    }
    change(() => {
      const other = (x) => (x === s ? name : x);
      model.states = model.states.map(other);
      model.terminal = model.terminal.map(other);
      for (const row of model.transitions) [row[0], row[2]] = [other(row[0]), other(row[2])];
      for (const found of [model.start, places, model.policy?.logits, model.policy?.probabilities]) if (found && s in found) { found[name] = found[s]; delete found[s]; }
      selected = other(selected);
    });
  }

  /** A field for a formula; Python reads it when it is left, and what is wrong stands beside it. */
  function formula(label, name, value, set, size = 8) {
    const field = make("input", { value: String(value), spellcheck: false, autocomplete: "off", size, "aria-label": label, "data-field": name });
    field.onchange = async () => {
      const text = field.value.trim(), found = await ask("reading a formula ...", { ask: "formula", text });
      if (!found) return;
      mark(field, found.error ?? "");
      if (found.error) field.dataset.own = "1";
      else set(/^-?\d+$/.test(text) ? Number(text) : text);
    };
    return make("span", { className: "formula" }, field, make("span", { className: "error", role: "alert" }));
  }

  function fields() {
    const s = selected;
    if (s === null) {
      const enter = (x) => { selected = x; show(); outline.querySelector("[data-name]").focus(); };
      return [make("ul", { className: "states", "aria-label": "States" }, ...model.states.map((x) => make("li", {}, button(x, () => enter(x)))))];
    }
    const name = make("input", { value: s, size: 10, onchange: () => renameState(s, name.value.trim()), "aria-label": `name of state ${s}`, "data-name": s, "data-field": `states.${s}` });
    const end = make("input", { type: "checkbox", checked: model.terminal.includes(s), onchange: () => change(() => {
      if (end.checked) { model.terminal.push(s); model.transitions = model.transitions.filter((row) => row[0] !== s); }
      else model.terminal = model.terminal.filter((x) => x !== s);
    }) });
    const start = formula(`start probability of ${s}`, `start.${s}`, model.start[s] ?? 0, (p) => change(() => { if (p === 0) delete model.start[s]; else model.start[s] = p; }), 6);
    const head = make("div", { className: "bar" }, make("label", {}, "State ", name), make("label", {}, end, " terminal"), make("label", {}, "starts with ", start),
      button("Done", () => { selected = null; show(); }));
    if (end.checked) return [head];
    const rows = model.transitions.flatMap((row, k) => {
      if (row[0] !== s) return [];
      const where = `outcome ${k + 1} of ${s}`;
      const action = make("input", { value: row[1], size: 8, "aria-label": `action, ${where}`, onchange: () => change(() => { row[1] = action.value.trim() || row[1]; }) });
      const next = make("select", { "aria-label": `next state, ${where}`, onchange: () => change(() => { row[2] = next.value; }) }, ...model.states.map((t) => make("option", { value: t, textContent: t, selected: t === row[2] })));
      const numbers = [["probability", "p", 3], ["reward", "r", 4]].map(([what, key, i]) => formula(`${what}, ${where}`, `transitions[${k}].${key}`, row[i], (value) => change(() => { row[i] = value; })));
      const gone = button("×", () => change(() => { model.transitions.splice(k, 1); }), { title: "remove", "aria-label": `remove ${where}` });
      return [make("tr", {}, ...[action, next, ...numbers, gone].map((field) => make("td", {}, field)))];
    });
    const titles = ["Action", "Next state", "Probability", "Reward", ""].map((text) => make("th", { scope: "col", textContent: text }));
    const grid = make("table", {}, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...rows));
    const outcomes = actions(s).map((a) => button(`Add outcome of ${a}`, () => connect(s, model.states.find((t) => t !== s) ?? s, a)));
    return [head, make("div", { className: "scroll" }, grid), make("div", { className: "bar" }, button("Add action", () => connect(s, s)), ...outcomes)];
  }

  function policyTable() {
    if (!given(kind)) return [];
    return acting().map((s) => make("div", { className: "bar", "data-field": `policy.${s}` }, make("span", { textContent: `${s}:` }),
      ...actions(s).map((a) => make("label", {}, `${a} `, formula(`${kind === "logits" ? "logit" : "probability"} of ${a} in ${s}`, `policy.${s}.${a}`, model.policy[kind][s][a], (value) => change(() => { model.policy[kind][s][a] = value; }))))));
  }

  /** All fields of the model. */
  function show() {
    const key = focused()?.getAttribute("aria-label");
    handles();
    outline.replaceChildren(...fields());
    policies.value = kind;
    objectives.value = model.objective;
    gamma.replaceChildren(formula("discount gamma", "gamma", model.gamma ?? 1, (value) => change(() => { model.gamma = value; })));
    params.label.hidden = !given(kind);
    params.input.value = given(kind) ? model.policy.params.join(", ") : "";
    symbols.input.value = Object.entries(model.symbols ?? {}).map((pair) => pair.join(": ")).join("; ");
    table.replaceChildren(...policyTable());
    undo.disabled = !past.length;
    if (key && !focused()?.getAttribute("aria-label")) [...root.querySelectorAll("[aria-label]")].find((e) => e.getAttribute("aria-label") === key)?.focus();
  }

  // -- the picture ----------------------------------------------------------------------------------------

  const sheet = new CSSStyleSheet();
  /** The document, or the part of a notebook that the editor is in; it is put there only after it was made. */
  const scope = () => (root.getRootNode().adoptedStyleSheets ? root.getRootNode() : document);
  const focused = () => (root.contains(scope().activeElement) ? scope().activeElement : null);

  /** Show the picture that Python drew; its style goes where a page's policy allows it. */
  function drawn(found) {
    if (press) return;
    picture = found;
    if (!found) return canvas.replaceChildren(make("p", { className: "hint", textContent: "Too large for a picture; edit it below, or in the model file." }));
    const [css, text] = [/<style>([^]*?)<\/style>/.exec(found.svg), found.svg.replace(/<style>[^]*?<\/style>/, "").replaceAll(" style=", " data-style=")];
    sheet.replaceSync(css[1]);
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    for (const element of svg.querySelectorAll("[data-style]")) element.style.cssText = element.dataset.style;
    for (const child of svg.children) child.setAttribute("aria-hidden", "true");
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", `Picture of the model: ${svg.getAttribute("aria-label")}`);
    svg.append(node("path", { class: "wire" }), node("g", { class: "handles" }));
    const focus = focused()?.closest?.("[data-state]")?.dataset.state;
    canvas.replaceChildren(svg);
    places = { ...places, ...found.places };
    fit();
    handles();
    if (focus !== undefined) [...svg.querySelectorAll("[data-state]")].find((g) => g.dataset.state === focus)?.focus();
  }

  /** The picture fills its frame; on a narrow page it is scrolled rather than made illegible. */
  function fit() {
    const svg = canvas.firstElementChild, sheets = scope().adoptedStyleSheets;
    if (!sheets.includes(sheet)) scope().adoptedStyleSheets = [...sheets, sheet];
    if (!picture || !canvas.clientWidth) return;
    const [x, y, w, h] = /viewBox="([^"]*)"/.exec(picture.svg)[1].split(" ").map(Number);
    const scale = Math.max(0.7, Math.min(1.3, canvas.clientWidth / w, 460 / h)), width = Math.max(canvas.clientWidth, w * scale), height = Math.max(220, h * scale);
    svg.setAttribute("viewBox", [x + w / 2 - width / scale / 2, y + h / 2 - height / scale / 2, width / scale, height / scale].join(" "));
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
  }
  new ResizeObserver(fit).observe(canvas);

  const pixels = (s) => places[s].map((x) => x * picture.unit);

  /** What is taken hold of, above the picture: each state, and each action's disc. */
  function handles() {
    const group = canvas.querySelector(".handles");
    if (!group || !model) return;
    const focus = focused()?.closest?.("[data-state]")?.dataset.state;
    const states = model.states.filter((s) => s in places).map((s) => {
      const drawn = picture.states[s], [x, y] = pixels(s), r = drawn?.[2] ?? 20;
      const still = drawn && Math.hypot(drawn[0] - x, drawn[1] - y) < 1, begin = s in model.start, end = model.terminal.includes(s);
      const state = node("g", {
        class: `state${still ? "" : " moved"}${s === selected ? " selected" : ""}${s === connecting ? " source" : ""}${wrong.includes(s) ? " wrong" : ""}`, tabindex: 0, role: "button",
        "data-state": s, "aria-pressed": String(s === selected),
        "aria-label": `state ${s}${begin ? ", start" : ""}${end ? ", terminal" : `, actions ${actions(s).join(", ") || "none"}`}`,
      }, node("title", { textContent: drawn?.[3] ?? `state ${s}` }), node("circle", { class: "rim", cx: x, cy: y, r: r + 6 }), node("circle", { class: "body", cx: x, cy: y, r }));
      if (!still) state.append(node("text", { x, y: y + 4, textContent: s }));
      return state;
    });
    const discs = picture.actions.filter(([s, a]) => model.transitions.some((row) => row[0] === s && row[1] === a)).map(([s, a, x, y, r, about]) =>
      node("g", { class: "disc", "data-from": s, "data-action": a }, node("title", { textContent: about }), node("circle", { cx: x, cy: y, r: r + 2 })));
    group.replaceChildren(...discs, ...states);
    if (focus !== undefined) states.find((g) => g.dataset.state === focus)?.focus();
  }

  const place = (event) => {
    const found = new DOMPoint(event.clientX, event.clientY).matrixTransform(canvas.firstElementChild.getScreenCTM().inverse());
    return [found.x, found.y];
  };
  const under = (event) => scope().elementFromPoint(event.clientX, event.clientY)?.closest("[data-state]")?.dataset.state;
  const linking = (s) => {
    connecting = s;
    tell(s === null ? "" : `connecting ${s}: Tab to the next state, Enter connects, Escape stops`);
    handles();
  };
  const pick = (s) => { selected = s; show(); };
  const moved = (s, dx, dy) => { places[s] = [places[s][0] + dx / picture.unit, places[s][1] + dy / picture.unit]; };

  canvas.addEventListener("pointerdown", (event) => {
    const disc = event.target.closest("[data-action]"), state = event.target.closest("[data-state]");
    if (!disc && !state) return;
    const s = disc ? disc.dataset.from : state.dataset.state;
    press = { s, action: disc?.dataset.action, link: disc || event.target.classList.contains("rim") || wires.getAttribute("aria-pressed") === "true", from: place(event), before: JSON.stringify([model, places, kind]), moved: false };
    press.last = press.from;
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!press) return;
    const [x, y] = place(event);
    press.moved ||= Math.hypot(x - press.from[0], y - press.from[1]) > 4;
    if (press.link) canvas.querySelector(".wire").setAttribute("d", `M${press.from} L${x},${y}`);
    else if (press.moved) {
      moved(press.s, x - press.last[0], y - press.last[1]);
      press.last = [x, y];
      handles();
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!press) return;
    const { s, action, link, before, ...been } = press, target = under(event);
    canvas.querySelector(".wire").removeAttribute("d");
    press = null;
    if (link && target !== undefined && (been.moved || target !== s)) connect(s, target, action);
    else if (!link && been.moved) { past.push(before); changed(); }
    else pick(s);
  });
  canvas.addEventListener("pointercancel", () => { press = null; handles(); });
  canvas.addEventListener("mousedown", (event) => { if (event.detail > 1) event.preventDefault(); }); // selects no text
  canvas.addEventListener("dblclick", (event) => {
    if (picture && !event.target.closest("[data-state], [data-action]")) addState(place(event).map((x) => x / picture.unit));
  });
  canvas.addEventListener("keydown", (event) => {
    const s = event.target.closest("[data-state]")?.dataset.state;
    if (s === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] }[event.key];
    if (step) change(() => moved(s, ...step));
    else if (event.key === "Enter" || event.key === " ") {
      if (connecting !== null) { const from = connecting; linking(null); connect(from, s); }
      else { pick(s); if (event.key === "Enter") outline.querySelector("[data-name]")?.focus(); }
    } else if (event.key === "c") linking(connecting === null ? s : null);
    else if (event.key === "Escape") linking(null);
    else if (event.key === "Delete" || event.key === "Backspace") removeState(s);
    else return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has keys of its own
  });

  return { open, apply, check, get document() { return model; }, forget: () => { past = []; undo.disabled = true; } };
}

// -- in a notebook: requests are messages to the widget ------------------------------------------------------

function render({ model, el }) {
  const waiting = new Map();
  const answered = ({ id, answer }) => { waiting.get(id)?.(answer); waiting.delete(id); };
  model.on("msg:custom", answered);
  const ask = (_, request) => new Promise((done) => {
    const id = Math.random(); // answers reach every view of the widget
    waiting.set(id, done);
    model.send({ id, request });
  });
  editor(el.appendChild(document.createElement("div")), ask).open(structuredClone(model.get("opened")));
  return () => model.off("msg:custom", answered);
}

export default { render };
