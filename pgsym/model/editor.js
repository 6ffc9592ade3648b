// The tables of a model: every change goes to Python, which sends back the picture, or what is wrong with which field.

const HEADS = {
  states: ["state", "start probability", "terminal"],
  outcomes: ["state", "action", "next state", "probability", "reward"],
};
const STYLE = `
.pgsym-editor { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: start; color: inherit; }
.pgsym-editor table { border-collapse: collapse; }
.pgsym-editor :is(th, td) { text-align: left; padding: 2px 4px; font-weight: normal; }
.pgsym-editor input:not([type=checkbox]) { width: 8em; font: inherit; color: inherit; background: transparent;
  border: 1px solid #8a8a8a; border-radius: 3px; padding: 1px 4px; }
.pgsym-editor input[aria-invalid=true] { border: 2px solid #b3261e; }
.pgsym-editor [role=alert] { flex-basis: 100%; color: #b3261e; min-height: 1.4em; white-space: pre-line; }
`;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const fields = new Map();
  const send = (change) => {
    const table = structuredClone(model.get("table"));
    change(table);
    model.set("table", table);
    model.save_changes();
  };
  const key = (table, row, column) => `${table} ${row} ${column}`;

  function field(name, row, column, value, write) {
    const box = HEADS[name]?.[column] === "terminal";
    const label = name === "gamma" ? "gamma" : `${HEADS[name][column]}, row ${row + 1}`;
    const input = element("input", box ? { type: "checkbox", checked: Boolean(value) } : { value });
    input.setAttribute("aria-label", label);
    input.addEventListener("change", () => send((table) => write(table, box ? (input.checked ? "x" : "") : input.value)));
    fields.set(key(name, row, column), input);
    return input;
  }

  function grid(name) {
    const rows = model.get("table")[name];
    const body = rows.map((row, i) => {
      const cells = row.map((value, k) =>
        element("td", {}, field(name, i, k, value, (table, text) => { table[name][i][k] = text; })));
      const remove = element("button", { type: "button", textContent: "×", title: "remove", onclick: () => {
        send((table) => table[name].splice(i, 1));
        draw();
      } });
      remove.setAttribute("aria-label", `remove row ${i + 1} of ${name}`);
      return element("tr", {}, ...cells, element("td", {}, remove));
    });
    const add = element("button", { type: "button", textContent: `add to ${name}`, onclick: () => {
      send((table) => table[name].push(HEADS[name].map(() => "")));
      draw();
    } });
    const head = element("tr", {}, ...HEADS[name].map((text) => element("th", { scope: "col", textContent: text })));
    return element("div", {}, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)), add);
  }

  const picture = element("div");
  const message = element("div");
  message.setAttribute("role", "alert");

  function complain() {
    for (const input of fields.values()) {
      input.removeAttribute("aria-invalid");
      input.title = "";
    }
    const found = model.get("complaints");
    for (const { table, row, column, message: text } of found) {
      const input = fields.get(key(table, row, column));
      input?.setAttribute("aria-invalid", "true");
      if (input) input.title = text;
    }
    message.textContent = [...new Set(found.map((one) => one.message))].join("\n");
  }

  function draw() {
    fields.clear();
    const gamma = field("gamma", 0, 0, model.get("table").gamma, (table, text) => { table.gamma = text; });
    root.replaceChildren(grid("states"), grid("outcomes"), element("label", {}, "gamma ", gamma), message, picture);
    complain();
  }

  const root = el.appendChild(element("div", { className: "pgsym-editor" }));
  el.prepend(element("style", { textContent: STYLE }));
  const show = () => { picture.innerHTML = model.get("picture"); };
  model.on("change:complaints", complain);
  model.on("change:picture", show);
  draw();
  show();
}

export default { render };
