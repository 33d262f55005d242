/** What a method costs, against what it gives: accuracy to be high, leakage to be low. */

import { draw, make } from "./dom.js";
import { figure, noFigure } from "./figure.js";
import { cut, label, legend, line, mark } from "./marks.js";
import { amount } from "./numbers.js";
import { panels } from "./panels.js";
import { nameOf, numberOf, rowName } from "./payload.js";
import { between, extent, logTicks, scale } from "./scales.js";

const COSTS = [
  ["trainable_parameters", "trainable parameters"],
  ["seconds", "seconds of training"],
  ["peak_memory_bytes", "peak memory (bytes)"],
];
const GAINS = [
  { gain: "accuracy", text: "accuracy", better: 1 },
  { gain: "leakage_probe", text: "language leakage", better: -1 },
];
const TITLE = "Cost against accuracy and leakage";
const NOTE =
  "All rows of this task and model. The line joins the rows that no cheaper row surpasses; this row has a ring and " +
  "its interval. Filled: trained on skewed labels; hollow: on balanced ones.";

/** Return the figure of all rows of a row's task and model, with this row marked. */
export function pareto(board, row, file) {
  const rows = rivals(board, row);
  const known = COSTS.filter(([cost]) => rows.some((other) => numberOf(board, cost, other).value !== null));
  if (!known.length) return noFigure(TITLE, "No row of this task and model has a recorded cost.");
  const methods = [...new Set(rows.map((other) => nameOf(board, "method", other)))].filter(
    (name) => name !== "untuned",
  );
  let chosen = known[0];
  const plots = () =>
    GAINS.map((one) => ({ ...one, points: onFront(points(board, rows, chosen[0], one.gain), one.better) }));
  const made = figure({
    title: TITLE,
    note: NOTE,
    file,
    table: () => numbers(board, rows, chosen, plots()),
    description: `${rows.length} rows of ${methods.length} methods; the table says which are on the front.`,
    controls: choice(known, (cost) => {
      chosen = cost;
      made.again();
    }),
    paint: (width) => paint(width, { board, row, methods, cost: chosen[1], plots: plots() }),
  });
  return made.element;
}

/** Return the rows of the same task and model; identical work once, but the row itself in any case. */
function rivals(board, row) {
  const home = (other) => JSON.stringify([nameOf(board, "task", other), nameOf(board, "model", other)]);
  const twin = (other) => nameOf(board, "status", other).startsWith("same as");
  const all = board.reference.map((_, other) => other);
  return all.filter((other) => other === row || (home(other) === home(row) && !twin(other)));
}

function points(board, rows, cost, gain) {
  const all = rows.map((other) => {
    const { value, low, high } = numberOf(board, gain, other);
    return { row: other, x: numberOf(board, cost, other).value, y: value, low, high };
  });
  return all.filter(({ x, y }) => x !== null && x > 0 && y !== null);
}

/** Order points by their cost, and mark those that no point of lower or equal cost surpasses. */
function onFront(all, better) {
  const order = [...all].sort((a, b) => a.x - b.x || better * (b.y - a.y));
  let best = null;
  for (const point of order) {
    point.front = best === null || better * (point.y - best.y) > 0 || (point.x === best.x && point.y === best.y);
    if (point.front) best = point;
  }
  return order;
}

function numbers(board, rows, [cost, text], plots) {
  const heads = ["row", "variant", text, ...plots.flatMap((one) => [one.text, `on the front of ${one.text}`])];
  const found = plots.map((one) => new Map(one.points.map((point) => [point.row, point])));
  const there = rows.filter((other) => found.some((own) => own.has(other)));
  const told = (own, other) =>
    own.has(other) ? [own.get(other).y, own.get(other).front ? "yes" : "no"] : [null, null];
  const lines = there.map((other) => [
    rowName(board, other),
    nameOf(board, "variant", other),
    numberOf(board, cost, other).value,
    ...found.flatMap((own) => told(own, other)),
  ]);
  return { heads, rows: lines };
}

function choice(known, onchange) {
  const boxes = known.map((cost, place) => {
    const input = make("input", { type: "radio", name: "cost", value: cost[0], checked: place === 0 });
    input.addEventListener("change", () => onchange(cost));
    return make("label", {}, input, ` ${cost[1]}`);
  });
  return make("fieldset", { class: "cost" }, make("legend", {}, "Cost"), ...boxes);
}

function paint(width, { board, row, methods, cost, plots }) {
  const kind = (name) => `method-${methods.indexOf(name) % 6}`;
  const symbols = methods.map((name) => ({ text: cut(name, 180), symbol: (x, y) => mark("dot", x, y, kind(name)) }));
  const marks = legend(symbols, width);
  const list = plots.map(({ text, better, points: own }) => {
    const ends = extent(
      own.map(({ y }) => y),
      { room: 0.12 },
    );
    const title = `${text} (${better > 0 ? "higher" : "lower"} is better)`;
    return { title, ends, base: ends[0], inside: (frame) => cloud(own, frame, { board, row, cost, kind, ends }) };
  });
  const laid = panels(list, { width, top: marks.height, least: 320, height: 270, below: 46, wanted: 5 });
  return { height: laid.height, parts: [...marks.parts, ...laid.parts] };
}

/** Return one panel's points, its front and its horizontal scale. */
function cloud(own, { left, across, bottom, y }, { board, row, cost, kind, ends }) {
  if (!own.length) return [label(left, bottom - 20, "no row has both numbers", "axis")];
  const costs = own.map((point) => point.x);
  const [least, most] = [Math.min(...costs) * 0.8, Math.max(...costs) * 1.25];
  const x = scale([least, most], [left, left + across], true);
  const parts = logTicks(least, most).flatMap((tick) => [
    line(x(tick), bottom, x(tick), bottom + 4, "grid"),
    label(x(tick), bottom + 17, amount(tick), "axis middle"),
  ]);
  const front = own.filter((point) => point.front).map((point) => `${x(point.x)} ${y(point.y)}`);
  const steps = front.map((place, step) => (step ? `H${place.replace(" ", "V")}` : `M${place}`)).join("");
  parts.push(draw("path", { d: `${steps}H${left + across}`, class: "front" }));
  for (const point of own) {
    const shape = nameOf(board, "regime", point.row) === "balanced" ? "ring" : "dot";
    const dot = mark(shape, x(point.x), y(point.y), kind(nameOf(board, "method", point.row)), 5);
    dot.append(draw("title", {}, `${rowName(board, point.row)}: ${point.y}, ${cost} ${amount(point.x)}`));
    parts.push(dot);
  }
  const mine = own.find((point) => point.row === row);
  const words = label(left + across / 2, bottom + 34, cost, "axis middle");
  return [
    ...parts,
    words,
    ...(mine ? ringed(mine, x(mine.x), y, ends, cut(rowName(board, row), across * 0.6), left + across * 0.6) : []),
  ];
}

/** Return the ring, the interval and the name of the chosen row. */
function ringed({ y: value, low, high }, x, y, ends, name, middle) {
  const right = x < middle;
  const within = (end) => y(between(ends[0], end, ends[1]));
  return [
    ...(low === null ? [] : [line(x, within(low), x, within(high), "whisker")]),
    mark("ring", x, y(value), "chosen", 10),
    label(x + (right ? 14 : -14), y(value) - 9, name, right ? "axis strong" : "axis strong end"),
  ];
}
