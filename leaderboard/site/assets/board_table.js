/** The board as a table. */

import { button, draw, make, named, unseen } from "./dom.js";
import { plusMinus, unitOf, written } from "./numbers.js";
import { addressOf, comparisonOf, hasRates, lettersOf, nameOf, numberOf, rateOf, rowName } from "./payload.js";

const STRIP = 72;
const NAMES = [
  ["method", "method"],
  ["learning_rate", "rate"],
  ["regime", "regime"],
  ["weighting", "weights"],
];

/**
 * Return the table of some rows.
 *
 * `sections` is a list of {title, rows}; a title of null stands for no heading. `columns` are shown in order; `sort` is
 * {by, down}; `onsort(name)` is called for a heading; `chosen` is the row that is open below, or null.
 */
export function boardTable(board, { sections, columns, sort, onsort, chosen, total }) {
  const rates = hasRates(board);
  const names = NAMES.filter(([name]) => rates || name !== "learning_rate");
  const heads = [
    ...names.map(([name, text]) => head(name, text, "", sort, onsort)),
    ...columns.map((column) => head(column.name, column.heading, unitOf(column), sort, onsort, column.summary)),
    make("th", { scope: "col", class: "n" }, make("abbr", { title: "seeds measured" }, "n")),
  ];
  const strips = new Map(columns.map((column) => [column.name, stripOf(board, column)]));
  const bodies = sections.map(({ title, rows }) =>
    make(
      "tbody",
      {},
      title !== null &&
        make(
          "tr",
          { class: "section" },
          make("th", { scope: "rowgroup", colspan: heads.length }, make("span", {}, named(title))),
        ),
      ...rows.map((row) => line(board, row, columns, strips, chosen, rates)),
    ),
  );
  return make(
    "table",
    { class: "board", "aria-rowcount": total + 1 },
    make("caption", { class: "hidden" }, "One row for each training; choose one for its details"),
    make("thead", {}, make("tr", {}, ...heads)),
    ...bodies,
  );
}

function head(name, text, unit, sort, onsort, summary = "") {
  const on = sort.by === name;
  const press = button(text, () => onsort(name), { title: summary, "data-sort": name });
  const arrow = on ? (sort.down ? "\u00a0↓" : "\u00a0↑") : "";
  press.append(make("span", { class: "arrow", "aria-hidden": "true" }, arrow));
  return make(
    "th",
    {
      scope: "col",
      class: unit === "" ? name : "number",
      "aria-sort": on ? (sort.down ? "descending" : "ascending") : "none",
    },
    press,
    unit !== "" && make("small", {}, unit === text ? "\u00a0" : unit),
  );
}

function line(board, row, columns, strips, chosen, rates) {
  const [method, regime, weighting, status] = ["method", "regime", "weighting", "status"].map((name) =>
    nameOf(board, name, row),
  );
  const link = make(
    "a",
    { href: addressOf(board.cells[row][0]), "data-row": row, "aria-current": row === chosen && "true" },
    named(method),
    unseen(` ${[...(rates ? [rateOf(board, row)] : []), regime, weighting].join(" ")}`),
  );
  const under = make(
    "span",
    { class: "under-name", "aria-hidden": "true" },
    [rates && rateOf(board, row), regime, weighting]
      .filter(Boolean)
      .map((name) => `\u2068${name}\u2069`)
      .join(" · "),
  );
  const kind = [status.split(" ")[0], board.reference[row] && "reference", row === chosen && "chosen"]
    .filter(Boolean)
    .join(" ");
  return make(
    "tr",
    { class: kind },
    make("th", { scope: "row", class: "method" }, link, under, badge(board, row, status)),
    rates && make("td", { class: "learning_rate" }, named(rateOf(board, row) || "–")),
    make("td", { class: "regime" }, named(regime || "–")),
    make("td", { class: "weighting" }, named(weighting || "–")),
    ...columns.map((column) => cell(board, row, column, strips.get(column.name))),
    make(
      "td",
      { class: "n" },
      board.done[row] === board.planned[row] ? String(board.done[row]) : `${board.done[row]}/${board.planned[row]}`,
    ),
  );
}

function badge(board, row, status) {
  if (status.startsWith("same as"))
    return make("span", { class: "badge", title: `the ${status}` }, "=", unseen(` ${status}`));
  if (status !== "done") return make("span", { class: "badge" }, status);
  return board.reference[row]
    ? make(
        "span",
        { class: "badge", title: "the reference of its method: balanced and unweighted" },
        "ref",
        unseen("erence"),
      )
    : null;
}

function cell(board, row, column, strip) {
  const number = numberOf(board, column.name, row);
  if (number.value === null) {
    return make(
      "td",
      { class: "number", title: number.reason },
      make("span", { class: "missing" }, "–", unseen(`missing: ${number.reason}`)),
    );
  }
  const letters = lettersOf(board, column.name, row);
  return make(
    "td",
    { class: "number", title: number.method && `${number.method}${number.reason && `; ${number.reason}`}` },
    make("span", { class: "value" }, written(column, number.value)),
    make("span", { class: "half" }, plusMinus(column, number.low, number.high)),
    toldApart(board, column, row),
    letters &&
      make(
        "sup",
        { title: `group ${letters}: cannot be told apart from other methods with the letter` },
        unseen("group "),
        letters,
      ),
    strip(number, board.reference[row]),
  );
}

/** Return the mark of a row that is told apart from its reference. */
function toldApart(board, column, row) {
  const found = comparisonOf(board, column.name, row);
  if (!found || found.p === null || found.p >= board.level) return null;
  const up = found.difference > 0;
  return make(
    "span",
    { class: "apart", title: `${up ? "above" : "below"} its reference, corrected p = ${found.p}` },
    make("span", { "aria-hidden": "true" }, up ? "▲" : "▼"),
    unseen(up ? "above its reference" : "below its reference"),
  );
}

/** Return what draws a column's numbers as points with intervals on one scale; intervals are cut at its ends. */
function stripOf(board, column) {
  const values = board.numbers[column.name].value.filter((value) => value !== null);
  let [low, high] = values.length ? [Infinity, -Infinity] : [0, 1];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const room = (high - low || 1) * 0.25;
  const place = (value) => Math.max(0, Math.min(STRIP, ((value - low + room) / (high - low + 2 * room)) * STRIP));
  return (number, hollow) =>
    draw(
      "svg",
      { class: "strip", viewBox: `0 0 ${STRIP} 10`, "aria-hidden": "true" },
      draw("path", { class: "rail", d: `M0 5h${STRIP}` }),
      number.low !== null &&
        draw("path", { class: "whisker", d: `M${place(number.low).toFixed(1)} 5H${place(number.high).toFixed(1)}` }),
      draw("circle", { class: hollow ? "hollow" : "point", cx: place(number.value).toFixed(1), cy: 5, r: 2.6 }),
    );
}

/** Return the rows and columns as the board's CSV has them, for saving. */
export function boardRows(board, rows, columns) {
  const names = ["task", "model", "variant", "method", "regime", "weighting", "learning_rate", "status"];
  const heads = [
    ...names,
    "seeds_done",
    "seeds_planned",
    ...columns.flatMap(({ name }) => [name, `${name}_low`, `${name}_high`, `${name}_reason`]),
    "cells",
  ];
  const lines = rows.map((row) => [
    ...names.map((name) => nameOf(board, name, row)),
    board.done[row],
    board.planned[row],
    ...columns.flatMap(({ name }) => {
      const { value, low, high, reason } = numberOf(board, name, row);
      return [value, low, high, reason];
    }),
    board.cells[row].join(" "),
  ]);
  return { heads, lines };
}

/** Return what a search looks at in a row. */
export function searchText(board, row) {
  const names = ["task", "model", "variant", "status"].map((name) => nameOf(board, name, row));
  return [rowName(board, row), ...names, ...board.cells[row]].join(" ").toLowerCase();
}
