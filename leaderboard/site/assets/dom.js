/** Making elements. Every text becomes a text node, so that none of it is ever read as markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Return an HTML element; children are elements, texts, or nothing (null, false). */
export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Return an SVG element. */
export function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** Return a name that comes from the data, kept apart from the direction of the text around it. */
export function named(text) {
  return make("bdi", {}, String(text));
}

/** Return a text for screen readers alone. */
export function unseen(text) {
  return make("span", { class: "hidden" }, text);
}

/** Return a button. */
export function button(text, onclick, attributes = {}) {
  const made = make("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onclick);
  return made;
}

/** Return a table with real headings, in a box of its own that scrolls; the first cell of a row names it. */
export function numbersTable(caption, heads, rows) {
  const head = heads.map((text) => make("th", { scope: "col" }, named(text)));
  const body = rows.map((row) =>
    make(
      "tr",
      {},
      ...row.map((cell, place) => (place ? make("td", {}, shown(cell)) : make("th", { scope: "row" }, shown(cell)))),
    ),
  );
  const table = make(
    "table",
    { class: "numbers" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...body),
  );
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${caption}, table` }, table);
}

function shown(cell) {
  if (cell === null || cell === undefined) return make("span", { class: "missing" }, "–", unseen("missing"));
  return typeof cell === "number" ? plain(cell) : named(cell);
}

function plain(number) {
  return String(Number(number.toPrecision(6)));
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
