/** What pictures are made of: texts, lines, bars, points, and legends of them. All lengths are in pixels. */

import { draw } from "./dom.js";

/** Return a text; `kind` names its class. */
export function label(x, y, text, kind = "") {
  return draw("text", { x, y, class: kind }, String(text));
}

/** Return a straight line. */
export function line(x1, y1, x2, y2, kind) {
  return draw("line", { x1, y1, x2, y2, class: kind });
}

/** Return a bar between two heights; one of no height is still a line. */
export function bar(x, width, y1, y2, kind) {
  return draw("rect", { x, y: Math.min(y1, y2), width, height: Math.max(0.5, Math.abs(y2 - y1)), class: kind });
}

/** Return a point: "dot", "ring", "diamond", "cross" or "tick". */
export function mark(shape, x, y, kind, size = 4.5) {
  if (shape === "dot") return draw("circle", { cx: x, cy: y, r: size, class: kind });
  if (shape === "ring") return draw("circle", { cx: x, cy: y, r: size, class: `hollow ${kind}` });
  const [wide, leg] = [size + 1, 2 * size - 2];
  const paths = {
    diamond: `M${x} ${y - wide}l${wide} ${wide}l${-wide} ${wide}l${-wide} ${-wide}z`,
    cross: `M${x - leg / 2} ${y - leg / 2}l${leg} ${leg}m0 ${-leg}l${-leg} ${leg}`,
    tick: `M${x} ${y - size - 3}v${2 * size + 6}`,
  };
  return draw("path", { d: paths[shape], class: `hollow ${kind}` });
}

/** Return a legend in as many lines as it needs, and its height; an entry is {text, symbol(x, y)}, or false. */
export function legend(entries, width) {
  const parts = [];
  let [x, y] = [0, 12];
  for (const { text, symbol } of entries.filter(Boolean)) {
    const wide = 26 + textWidth(text);
    if (x && x + wide > width) [x, y] = [0, y + 20];
    parts.push(symbol(x + 8, y - 4), label(x + 20, y, text));
    x += wide + 10;
  }
  return { parts, height: y + 14 };
}

/** Return a legend's symbol for bars of a kind. */
export function swatch(kind) {
  return (x, y) => bar(x - 6, 12, y - 5, y + 5, kind);
}

/** Guess how wide a text of the pictures' size is. */
export function textWidth(text) {
  let wide = 0;
  for (const letter of String(text)) wide += letter.codePointAt(0) > 0x2e80 ? 12 : 6.6;
  return wide;
}

/** Cut a text to a width, with an ellipsis. */
export function cut(text, width) {
  const letters = [...String(text)];
  if (textWidth(text) <= width) return String(text);
  while (letters.length > 1 && textWidth(letters.join("") + "…") > width) letters.pop();
  return `${letters.join("")}…`;
}
