/** Points with intervals on a common scale, one line an entry, with other numbers of the entry as marks. */

import { cut, label, legend, line, mark, textWidth } from "./marks.js";
import { between, extent, logTicks, scale, ticks } from "./scales.js";

const LINE = 24;

/**
 * Return what paints entries {name, value, half, marks: {kind: number or null}}.
 *
 * `kinds` are {kind, text, shape, style} of the marks; `ends` are those of the scale, from `sharesEnds` or `ratioEnds`,
 * and intervals are cut there; `log` makes it logarithmic.
 */
export function dots(entries, kinds, ends, log = false) {
  const used = kinds.filter(({ kind }) => entries.some(({ marks }) => marks[kind] !== null));
  return (width) => {
    const widest = Math.max(...entries.map(({ name }) => textWidth(name)));
    const above = widest + 14 > width * 0.45; // narrow: names stand above their lines
    const [left, tall] = above ? [12, 2 * LINE - 8] : [widest + 14, LINE];
    const own = { text: "this row", symbol: (x, y) => mark("dot", x, y, "own") };
    const others = used.map(({ text, shape, style }) => ({ text, symbol: (x, y) => mark(shape, x, y, style) }));
    const marks = legend([own, ...others], width);
    const x = scale(ends, [left, width - 12], log);
    const bottom = marks.height + 8 + entries.length * tall;
    const grid = (log ? logTicks(...ends) : ticks(...ends, width < 500 ? 4 : 7)).flatMap((tick) => [
      line(x(tick), marks.height, x(tick), bottom, "grid"),
      label(x(tick), bottom + 16, tick, "axis middle"),
    ]);
    const lines = entries.flatMap((entry, place) => {
      const y = marks.height + 8 + tall * (place + 1) - LINE / 2;
      const name = above
        ? label(0, y - 14, cut(entry.name, width), "axis")
        : label(left - 10, y + 4, entry.name, "axis end");
      return [name, ...points(entry, used, x, y, ends)];
    });
    return { height: bottom + 24, parts: [...marks.parts, ...grid, ...lines] };
  };
}

function points({ value, half, marks }, kinds, x, y, [low, high]) {
  const there = kinds.filter(({ kind }) => marks[kind] !== null);
  const parts = there.map(({ kind, shape, style }) => mark(shape, x(marks[kind]), y, style));
  if (half !== null) {
    const [from, to] = [value - half, value + half].map((end) => x(between(low, end, high)));
    parts.push(line(from, y, to, y, "whisker"));
  }
  return [...parts, mark("dot", x(value), y, "own")];
}

/** Return the ends of a scale for shares: intervals are cut at 0 and 1, which no share can pass. */
export function sharesEnds(entries, zero) {
  const intervals = entries.flatMap(({ value, half }) => [value - (half ?? 0), value + (half ?? 0)]);
  const numbers = [
    ...intervals.map((end) => between(0, end, 1)),
    ...entries.flatMap(({ marks }) => Object.values(marks)),
  ];
  const [low, high] = extent(numbers, { zero });
  return [low, Math.min(high, 1)];
}

/** Return the ends of a logarithmic scale for ratios, with 1 and 2 among them. */
export function ratioEnds(entries) {
  const numbers = entries.flatMap(({ value, half, marks }) => [
    value + (half ?? 0),
    value - (half ?? 0),
    value,
    ...Object.values(marks),
  ]);
  const there = numbers.filter((number) => number !== null && number > 0.1);
  return [Math.min(...there, 1) * 0.9, Math.max(...there, 2) * 1.12];
}
