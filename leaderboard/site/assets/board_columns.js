/** The choice of the board's columns. */

import { make } from "./dom.js";

const named = (pattern) => (column) => pattern.test(column.name);
const PARTS = [
  ["Measures of plug-ins", (column) => column.plugin],
  ["Predictions", named(/^(accuracy|macro|skew|mutual)/)],
  ["Leakage", named(/^leakage/)],
  ["Codelength", named(/^(compression|saved|matched)/)],
  ["Drift of explanations", named(/^(neutral|permutation)/)],
  ["Cost and tokens", () => true],
];

/** Return a list of boxes, one a column; `onchange(name, on)` is called when one is ticked. */
export function columnChoice(columns, shown, onchange) {
  const left = new Set(columns);
  const parts = PARTS.map(([title, belongs]) => {
    const own = [...left].filter(belongs);
    own.forEach((column) => left.delete(column));
    return (
      own.length > 0 &&
      make(
        "fieldset",
        {},
        make("legend", {}, title),
        ...own.map((column) => box(column, shown.has(column.name), onchange)),
      )
    );
  });
  return make(
    "details",
    { class: "columns" },
    make("summary", {}, "Columns"),
    make("div", { class: "parts" }, ...parts),
  );
}

function box(column, on, onchange) {
  const input = make("input", { type: "checkbox", checked: on, "data-column": column.name });
  input.addEventListener("change", () => onchange(column.name, input.checked));
  return make("label", { title: column.summary }, input, ` ${column.heading}`);
}
