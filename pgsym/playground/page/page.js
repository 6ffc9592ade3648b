// The page: the editor of a model, whose Python runs in a worker, and what pgsym says about the model.
import { editor } from "./editor.js";

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

const EMPTY = "{states: [s1, end], terminal: [end], transitions: [[s1, go, end, 1, 1]], start: {s1: 1}}";
const model = editor($("editor"), ask, { say: tell, changed: () => {
  $("solution").replaceChildren();
  for (const item of $("verdicts").children) item.classList.add("old");
  history.replaceState(null, "", location.pathname + location.search);
} });

$("zoo").onchange = async () => {
  const name = $("zoo").value;
  model.open(await ask(`building ${name || "a model"} ...`, name ? { ask: "model", name } : { ask: "read", text: EMPTY }));
};
$("open").onchange = async () => {
  const [file] = $("open").files;
  await model.apply(await file.text());
  $("open").value = "";
};
$("save").onclick = async () => {
  const text = await model.check();
  if (text === null) return tell("this is no model yet: see what is wrong with it");
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/yaml" })), download: `${model.document.name || "model"}.yaml` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// -- sharing: the model file and the claim, in the part of the address that no server sees ------------------

$("share").onclick = async () => {
  const text = await model.check();
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
  const found = await ask(told, { ...request, document: model.document });
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
  const found = await ask(told, { ...request, document: model.document });
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
const given = shared();
offered = await ask("loading Python ...", { ask: "start" });
$("zoo").append(...offered.models.map((m) => make("option", { value: m.name, textContent: m.name, title: m.about })));
$("theorem").append(...Object.entries(offered.theorems).map(([topic, entries]) =>
  make("optgroup", { label: topic }, ...entries.map((t) => make("option", { value: t.name, textContent: `${t.title}${t.holds ? "" : " (false)"}` })))));
$("zoo").value = given ? "" : "short-corridor";
await $("zoo").onchange();
if (given) {
  $("claim").value = given[1];
  await model.apply(given[0]);
} else await decided("deciding the first claim ...", $("claim").value, { ask: "decide", claim: $("claim").value });
model.forget();
tell("");
document.documentElement.dataset.ready = "true";
