// The page: one model, edited in the picture, in the outline or as a file, and what pgsym says about it.
import { picture } from "./picture.js";

const $ = (id) => document.getElementById(id);
const make = (name, properties = {}, ...children) => {
  const found = Object.assign(document.createElement(name), properties);
  found.append(...children);
  return found;
};

// -- the worker -------------------------------------------------------------------------------------------

let worker, count = 0, waiting = new Map(), offered = null;

function begin() {
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => {
    if ("progress" in data) return tell(data.progress);
    if ("failed" in data) return tell(`pgsym could not be started: ${data.failed}`);
    const { done, told } = waiting.get(data.id);
    waiting.delete(data.id);
    tell([...waiting.values()].at(-1)?.told ?? "");
    done(data.answer);
  };
  worker.onerror = (event) => tell(`the worker stopped: ${event.message}`);
}

/** The answer of pgsym; null where it was cancelled. */
const ask = (told, request) => new Promise((done) => {
  waiting.set(++count, { done, told });
  tell(told);
  worker.postMessage({ id: count, request });
});

function tell(text) {
  $("status").textContent = text || (waiting.size ? $("status").textContent : "ready");
  $("cancel").hidden = !waiting.size || offered === null;
}

$("cancel").onclick = () => {
  worker.terminate();
  const stopped = [...waiting.values()];
  waiting.clear();
  begin();
  tell("cancelled; loading Python again ...");
  for (const { done } of stopped) done(null);
};

/** HTML of pgsym's own, made of harmless elements only. */
const ALLOWED = new Set("div p h2 h3 h4 strong em span sup sub code table thead tbody tr th td figure figcaption details summary ul ol li dl dt dd br".split(" "));
function harmless(html) {
  const root = new DOMParser().parseFromString(html, "text/html").body;
  for (const element of root.querySelectorAll("*")) {
    const math = element.namespaceURI === "http://www.w3.org/1998/Math/MathML";
    if (!math && element.localName === "a") element.replaceWith(...element.childNodes);
    else if (!math && !ALLOWED.has(element.localName)) element.remove();
    else for (const { name } of [...element.attributes]) if (/^on|^style$|href$|^src/i.test(name)) element.removeAttribute(name);
  }
  return [...root.childNodes];
}

// -- the model --------------------------------------------------------------------------------------------

const EMPTY = { states: ["s1", "end"], terminal: ["end"], transitions: [["s1", "go", "end", 1, 1]], start: { s1: 1 }, gamma: 1, objective: "start-state" };
let model = structuredClone(EMPTY), at = { s1: [0, 0], end: [150, 0] }, kind = "tabular", selected = null, past = [], timer = 0, asked = 0;

const actions = (s) => [...new Set(model.transitions.filter((row) => row[0] === s).map((row) => row[1]))];
const acting = () => model.states.filter((s) => actions(s).length);
const fresh = (stem, taken) => { for (let k = 1; ; k++) if (!taken.includes(`${stem}${k}`)) return `${stem}${k}`; };
const word = (text) => text.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "") || "x";

/** Change the model; what was before can be had back. */
function change(edit) {
  past.push(JSON.stringify([model, at, kind]));
  past = past.slice(-100);
  edit();
  changed();
}

function changed() {
  policy();
  if (selected !== null && !model.states.includes(selected)) selected = null;
  show();
  $("undo").disabled = !past.length;
  $("solution").replaceChildren();
  for (const item of $("verdicts").children) item.classList.add("old");
  document.body.dataset.pending = "true"; // until pgsym has read it
  clearTimeout(timer);
  timer = setTimeout(check, 400);
}

/** The policy of the chosen kind, for the states and actions that there are. */
function policy() {
  const rows = (entry) => Object.fromEntries(acting().map((s) => [s, Object.fromEntries(actions(s).map((a) => [a, entry(s, a)]))]));
  const old = model.policy?.[kind];
  if (kind === "tabular") delete model.policy;
  else if (kind === "uniform") model.policy = { params: [], probabilities: rows((s) => `1/${actions(s).length}`), theta: {} };
  else if (kind === "shared") {
    const params = [...new Set(model.transitions.map((row) => `theta_${word(row[1])}`))];
    model.policy = { params, logits: rows((s, a) => `theta_${word(a)}`) };
  } else {
    const { params = [], theta = {}, epsilon } = model.policy ?? {};
    model.policy = { params, [kind]: rows((s, a) => old?.[s]?.[a] ?? (kind === "logits" ? "0" : `1/${actions(s).length}`)) };
    if (params.every((name) => name in theta)) model.policy.theta = Object.fromEntries(params.map((name) => [name, theta[name]]));
    else if (kind === "probabilities") model.policy.theta = Object.fromEntries(params.map((name) => [name, theta[name] ?? "1/2"]));
    if (epsilon !== undefined) model.policy.epsilon = epsilon;
  }
}

/** Ask pgsym whether it is a model; its file is what says so. */
async function check() {
  const mine = ++asked, found = await ask("checking the model ...", { ask: "show", document: model });
  if (mine !== asked || found === null) return null;
  delete document.body.dataset.pending;
  $("model-error").textContent = found.error ? `${found.where ? `${found.where}: ` : ""}${found.error}` : "";
  $("model-note").textContent = (found.notes ?? []).join(" ");
  point(found);
  if (found.yaml) {
    $("yaml").value = found.yaml;
    history.replaceState(null, "", location.pathname + location.search);
  }
  return found.yaml ?? null;
}

/** Mark the field that an error is about. */
function point({ error, where }) {
  for (const field of document.querySelectorAll("[aria-invalid]")) if (!field.dataset.own) field.removeAttribute("aria-invalid");
  const row = /transitions\[(\d+)\](?:\.?\[?(\d)?)/.exec(error ? where ?? "" : "");
  if (row) document.querySelector(`[data-row="${row[1]}"] [data-column="${row[2] ?? 3}"]`)?.setAttribute("aria-invalid", "true");
  if (error && where === "gamma") $("gamma").setAttribute("aria-invalid", "true");
}

function open(found, name) {
  if (!found) return false;
  if (found.error) return found.error;
  change(() => {
    model = found.document;
    model.terminal ??= [];
    kind = !model.policy ? "tabular" : model.policy.logits ? "logits" : "probabilities";
    const few = model.states.length <= 3, longest = Math.max(...model.transitions.map((row) => `${row[3]}${row[4]}`.length));
    const unit = (few ? 190 : 150) + Math.min(6 * longest, few ? 150 : 90);
    at = Object.fromEntries(Object.entries(found.positions).map(([s, place]) => [s, place.map((x) => Math.round(unit * x))]));
    selected = null;
  });
  return "";
}

// -- editing ----------------------------------------------------------------------------------------------

function addState(place) {
  change(() => {
    const s = fresh("s", model.states), xs = Object.values(at);
    model.states.push(s);
    at[s] = place ?? [xs.length ? Math.max(...xs.map((p) => p[0])) + 150 : 0, 0];
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
    delete at[s];
  });
}

function renameState(s, name) {
  if (!name || model.states.includes(name)) return show();
  change(() => {
    const other = (x) => (x === s ? name : x);
    model.states = model.states.map(other);
    model.terminal = model.terminal.map(other);
    for (const row of model.transitions) [row[0], row[2]] = [other(row[0]), other(row[2])];
    for (const table of [model.start, at, model.policy?.logits, model.policy?.probabilities]) if (table && s in table) { table[name] = table[s]; delete table[s]; }
    selected = other(selected);
  });
}

const draw = picture($("picture"), {
  add: addState, connect, remove: removeState, moved: () => show(),
  select: (s) => { selected = s; show(); },
  enter: (s) => $("outline").querySelector(`[data-name]`)?.focus(),
  linking: (s) => tell(s === null ? "" : `connecting ${s}: Tab to the next state, Enter connects, Escape stops`),
  wires: () => $("connect").getAttribute("aria-pressed") === "true",
});

/** A field for a formula; pgsym reads it when it is left, and what is wrong stands beside it. */
function formula(label, value, set, more = {}) {
  const said = make("span", { className: "error" });
  const field = make("input", { value: String(value), spellcheck: false, autocomplete: "off", ...more });
  field.setAttribute("aria-label", label);
  field.onchange = async () => {
    const text = field.value.trim(), found = await ask("reading a formula ...", { ask: "formula", text });
    if (!found) return;
    said.textContent = found.error ?? "";
    if (found.error) { field.setAttribute("aria-invalid", "true"); field.dataset.own = "1"; }
    else set(/^-?\d+$/.test(text) ? Number(text) : text);
  };
  return make("span", { className: "formula" }, field, said);
}

function outline() {
  const s = selected;
  if (s === null) {
    const list = make("ul", { className: "states" }, ...model.states.map((x) => make("li", {}, make("button", { type: "button", textContent: x, onclick: () => { selected = x; show(); $("outline").querySelector("[data-name]").focus(); } }))));
    list.setAttribute("aria-label", "States");
    return [list];
  }
  const name = make("input", { value: s, size: 10, onchange: () => renameState(s, name.value.trim()) });
  name.dataset.name = s;
  name.setAttribute("aria-label", `name of state ${s}`);
  const end = make("input", { type: "checkbox", checked: model.terminal.includes(s), onchange: () => change(() => {
    if (end.checked) { model.terminal.push(s); model.transitions = model.transitions.filter((row) => row[0] !== s); }
    else model.terminal = model.terminal.filter((x) => x !== s);
  }) });
  const startField = formula(`start probability of ${s}`, model.start[s] ?? 0, (p) => change(() => { if (p === 0) delete model.start[s]; else model.start[s] = p; }), { size: 6 });
  const head = make("div", { className: "bar" }, make("label", {}, "State ", name), make("label", {}, end, " terminal"), make("label", {}, "starts with ", startField),
    make("button", { type: "button", textContent: "Done", onclick: () => { selected = null; show(); } }));
  const body = model.transitions.flatMap((row, k) => {
    if (row[0] !== s) return [];
    const where = `outcome ${k + 1} of ${s}`;
    const action = make("input", { value: row[1], size: 8, onchange: () => change(() => { row[1] = action.value.trim() || row[1]; }) });
    action.setAttribute("aria-label", `action, ${where}`);
    const next = make("select", { onchange: () => change(() => { row[2] = next.value; }) }, ...model.states.map((t) => make("option", { value: t, textContent: t, selected: t === row[2] })));
    next.setAttribute("aria-label", `next state, ${where}`);
    const fields = [action, next, ...[["probability", 3], ["reward", 4]].map(([what, i]) => formula(`${what}, ${where}`, row[i], (value) => change(() => { row[i] = value; }), { size: 8 }))];
    fields.forEach((field, i) => { (field.firstElementChild?.matches("input") ? field.firstElementChild : field).dataset.column = i + 1; });
    const gone = make("button", { type: "button", textContent: "×", title: "remove", onclick: () => change(() => { model.transitions.splice(k, 1); }) });
    gone.setAttribute("aria-label", `remove ${where}`);
    const line = make("tr", {}, ...fields.map((field) => make("td", {}, field)), make("td", {}, gone));
    line.dataset.row = k;
    return [line];
  });
  const titles = ["Action", "Next state", "Probability", "Reward", ""].map((text) => make("th", { scope: "col", textContent: text }));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...body));
  const more = make("button", { type: "button", textContent: "Add action", onclick: () => connect(s, s) });
  const outcomes = actions(s).map((a) => make("button", { type: "button", textContent: `Add outcome of ${a}`, onclick: () => connect(s, model.states.find((t) => t !== s) ?? s, a) }));
  return [head, ...(end.checked ? [] : [make("div", { className: "scroll" }, table), make("div", { className: "bar" }, more, ...outcomes)])];
}

function policyTable() {
  if (kind !== "logits" && kind !== "probabilities") return [];
  const table = model.policy[kind];
  return acting().map((s) => make("div", { className: "bar" }, make("span", { textContent: `${s}:` }),
    ...actions(s).map((a) => make("label", {}, `${a} `, formula(`${kind === "logits" ? "logit" : "probability"} of ${a} in ${s}`, table[s][a], (value) => change(() => { model.policy[kind][s][a] = value; }), { size: 8 })))));
}

/** Everything on the page that shows the model. */
function show() {
  const key = document.activeElement?.getAttribute("aria-label");
  draw(model, at, selected);
  $("outline").replaceChildren(...outline());
  $("policy").value = kind;
  $("objective").value = model.objective;
  $("gamma").value = model.gamma ?? 1;
  const given = kind === "logits" || kind === "probabilities";
  $("params-label").hidden = !given;
  $("params").value = given ? model.policy.params.join(", ") : "";
  $("symbols").value = Object.entries(model.symbols ?? {}).map((pair) => pair.join(": ")).join("; ");
  $("table").replaceChildren(...policyTable());
  if (key && !document.activeElement?.getAttribute("aria-label")) [...document.querySelectorAll("[aria-label]")].find((e) => e.getAttribute("aria-label") === key)?.focus();
}

$("add-state").onclick = () => addState();
$("connect").onclick = ({ currentTarget: b }) => b.setAttribute("aria-pressed", String(b.getAttribute("aria-pressed") !== "true"));
$("delete").onclick = () => (selected === null ? tell("select a state first") : removeState(selected));
$("undo").onclick = () => { [model, at, kind] = JSON.parse(past.pop()); changed(); };
$("policy").onchange = () => change(() => { kind = $("policy").value; if (kind === "logits" || kind === "probabilities") model.policy = { params: [] }; });
$("objective").onchange = () => change(() => { model.objective = $("objective").value; });
$("gamma").onchange = async () => {
  const text = $("gamma").value.trim(), found = await ask("reading a formula ...", { ask: "formula", text });
  if (found?.error) { $("gamma").setAttribute("aria-invalid", "true"); $("model-error").textContent = `gamma: ${found.error}`; }
  else if (found) { $("gamma").removeAttribute("aria-invalid"); change(() => { model.gamma = /^\d+$/.test(text) ? Number(text) : text; }); }
};
$("symbols").onchange = () => change(() => {
  const pairs = $("symbols").value.split(";").map((part) => part.split(":").map((text) => text.trim())).filter(([name]) => name);
  model.symbols = Object.fromEntries(pairs.map(([name, said = ""]) => [name, said]));
});
$("params").onchange = () => change(() => { model.policy.params = $("params").value.split(/[\s,]+/).filter(Boolean); });
$("zoo").onchange = async () => {
  const name = $("zoo").value;
  if (name) open(await ask(`building ${name} ...`, { ask: "model", name }));
  else open({ document: structuredClone(EMPTY), positions: { s1: [0, 0], end: [1, 0] } });
};
$("apply").onclick = async () => { $("yaml-error").textContent = open(await ask("reading the file ...", { ask: "read", text: $("yaml").value })) || ""; };
$("open").onchange = async () => {
  $("yaml").value = await $("open").files[0].text();
  $("open").value = "";
  $("file").open = true;
  $("apply").click();
};
$("save").onclick = async () => {
  const text = await check();
  if (text === null) return tell("this is no model yet: see what is wrong with it");
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/yaml" })), download: `${model.name || "model"}.yaml` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// -- sharing: the model file and the claim, in the part of the address that no server sees ------------------

$("share").onclick = async () => {
  const text = await check();
  if (text === null) return tell("this is no model yet: see what is wrong with it");
  const bytes = new TextEncoder().encode(JSON.stringify([text, $("claim").value]));
  location.hash = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  try { await navigator.clipboard.writeText(location.href); tell("the link is copied, and in the address"); }
  catch { tell("the link is in the address"); }
};

function shared() {
  try {
    const text = atob(location.hash.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    return Array.isArray(found) && found.length === 2 && found.every((part) => typeof part === "string") ? found : null;
  } catch { return null; }
}

// -- claims -----------------------------------------------------------------------------------------------

async function decided(told, title, request) {
  const found = await ask(told, { ...request, document: model });
  if (found === null) return null;
  const verdicts = found.error ? [{ status: "error", html: "", text: `${found.where ? `${found.where}: ` : ""}${found.error}` }] : found.verdicts;
  $("verdicts").prepend(...verdicts.map((v) => {
    const claim = make("div", { className: "scroll claim" }, ...harmless(v.html));
    if (!v.html) claim.textContent = title;
    const item = make("li", { className: v.status.split(" ")[0] }, make("strong", { className: v.status, textContent: v.status }), claim, make("pre", { textContent: v.text, tabIndex: 0 }));
    item.dataset.asked = title;
    item.dataset.status = v.status;
    return item;
  }));
  return found;
}

$("ask").onsubmit = async (event) => {
  event.preventDefault();
  complete([]);
  const claim = $("claim").value.trim();
  if (claim) await decided("deciding ...", claim, { ask: "decide", claim });
};
$("one").onclick = () => decided(`deciding ${$("theorem").value} ...`, $("theorem").value, { ask: "theorem", name: $("theorem").value });
$("all").onclick = async () => {
  const names = [...$("theorem").options].map((option) => option.value);
  for (const [k, name] of names.entries())
    if ((await decided(`deciding ${name} (${k + 1} of ${names.length}) ...`, name, { ask: "theorem", name })) === null) return;
};
const result = async (told, request) => {
  const found = await ask(told, { ...request, document: model });
  if (found) $("solution").replaceChildren(...(found.html ? harmless(found.html) : [make("pre", { className: found.error ? "error" : "", textContent: found.error ?? found.text })]));
};
$("solve").onclick = () => result("solving ...", { ask: "solve" });
$("derive").onclick = () => result("deriving, and deciding each line ...", { ask: "derive" });

// completion: the names that begin like the word before the caret
let choice = -1;
const typed = () => /[A-Za-z_|]*$/.exec($("claim").value.slice(0, $("claim").selectionStart))[0];
function complete(found) {
  choice = -1;
  $("names").replaceChildren(...found.map((name, k) => {
    const item = make("li", { id: `name-${k}`, title: name.about, onpointerdown: (event) => { event.preventDefault(); insert(name.text); } }, make("code", { textContent: name.text }), ` ${name.about}`);
    item.setAttribute("role", "option");
    return item;
  }));
  $("names").hidden = !found.length;
  $("claim").setAttribute("aria-expanded", String(found.length > 0));
  $("claim").removeAttribute("aria-activedescendant");
}
function insert(text) {
  const end = $("claim").selectionStart;
  $("claim").setRangeText(text, end - typed().length, end, "end");
  complete([]);
}
$("claim").oninput = () => {
  const start = typed();
  complete(start ? (offered?.names ?? []).filter((n) => n.text.startsWith(start) && n.text !== start).slice(0, 8) : []);
};
$("claim").onblur = () => complete([]);
$("claim").onkeydown = (event) => {
  const items = [...$("names").children];
  if (!items.length) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") choice = (choice + (event.key === "ArrowDown" ? 1 : items.length)) % items.length;
  else if (event.key === "Escape") return complete([]);
  else if ((event.key === "Enter" || event.key === "Tab") && choice >= 0) return event.preventDefault(), insert(items[choice].querySelector("code").textContent);
  else return;
  event.preventDefault();
  items.forEach((item, k) => item.setAttribute("aria-selected", String(k === choice)));
  $("claim").setAttribute("aria-activedescendant", items[choice].id);
};

// -- the start --------------------------------------------------------------------------------------------

begin();
show();
const given = shared();
offered = await ask("loading Python ...", { ask: "start" });
$("zoo").append(...offered.models.map((m) => make("option", { value: m.name, textContent: m.name, title: m.about })));
$("objective").append(...offered.objectives.map((name) => make("option", { value: name, textContent: name })));
$("theorem").append(...Object.entries(offered.theorems).map(([topic, entries]) =>
  make("optgroup", { label: topic }, ...entries.map((t) => make("option", { value: t.name, textContent: `${t.title}${t.holds ? "" : " (false)"}` })))));
if (given) {
  $("claim").value = given[1];
  $("yaml").value = given[0];
  const wrong = open(await ask("reading the link ...", { ask: "read", text: given[0] }));
  if (wrong) { $("file").open = true; $("yaml-error").textContent = `the link holds no model: ${wrong}`; }
} else {
  $("zoo").value = "short-corridor";
  open(await ask("building the first model ...", { ask: "model", name: "short-corridor" }));
  await decided("deciding the first claim ...", $("claim").value, { ask: "decide", claim: $("claim").value });
}
past = [];
$("undo").disabled = true;
tell("");
document.documentElement.dataset.ready = "true";
