/** Search and filters of the board. */

import { make } from "./dom.js";
import { nameOf, rateOf } from "./payload.js";

const FILTERS = ["task", "model", "variant", "regime", "method", "learning_rate", "weighting", "status"];
const WORDS = { learning_rate: "rate" };

/** Return the search field and a choice for every name that has several values; `onchange(filters)` is told of all. */
export function filterFields(board, rows, onchange) {
  const filters = { search: "", names: {} };
  const search = make("input", {
    type: "search",
    id: "search",
    placeholder: "method, task, cell id …",
    autocomplete: "off",
  });
  search.addEventListener("input", () => {
    filters.search = search.value.trim().toLowerCase();
    onchange(filters);
  });
  const fields = [make("label", { class: "field" }, make("span", {}, "Search"), search)];
  for (const name of FILTERS) {
    const values = [...new Set(rows.map((row) => kindOf(board, name, row)))].filter(Boolean);
    if (values.length > 1)
      fields.push(
        choice(name, values, (value) => {
          filters.names[name] = value;
          onchange(filters);
        }),
      );
  }
  return fields;
}

/** Return what a filter compares: a row's name; of its status not with which row it is the same. */
export function kindOf(board, name, row) {
  if (name === "learning_rate") return rateOf(board, row);
  const text = nameOf(board, name, row);
  return name === "status" && text.startsWith("same as") ? "same work" : text;
}

function choice(name, values, onchange) {
  const select = make(
    "select",
    { "data-filter": name },
    make("option", { value: "" }, "all"),
    ...values.map((value) => make("option", { value, dir: "auto" }, value)),
  );
  select.addEventListener("change", () => onchange(select.value));
  return make("label", { class: "field" }, make("span", {}, WORDS[name] ?? name), select);
}
