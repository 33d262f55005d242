/** Panels side by side, each with a title and a vertical scale. */

import { cut, label, line } from "./marks.js";
import { between, scale, tickText, ticks } from "./scales.js";

const [LEFT, RIGHT, HEAD] = [40, 12, 24];

/**
 * Return the parts of some panels, and their height.
 *
 * A panel is {title, ends, base, inside(frame)}: the ends of its scale, the number at which its base line is drawn, and
 * what returns the parts within a frame {left, across, bottom, y, inside}. There `y` gives the place of a number, and
 * `inside` the same, cut at the panel's ends. `least` is the least width of a panel, `below` the room under each.
 */
export function panels(list, { width, top, least, height, below, wanted = 4 }) {
  const most = Math.max(1, Math.floor(width / least));
  const columns = Math.ceil(list.length / Math.ceil(list.length / most)); // so that all lines are about equally full
  const [wide, tall] = [width / columns, HEAD + height + below];
  const parts = list.flatMap(({ title, ends, base = 0, inside }, place) => {
    const [left, up] = [(place % columns) * wide + LEFT, top + HEAD + Math.floor(place / columns) * tall];
    const across = wide - LEFT - RIGHT;
    const y = scale(ends, [up + height, up]);
    const grid = ticks(...ends, wanted).flatMap((tick) => [
      line(left, y(tick), left + across, y(tick), "grid"),
      label(left - 6, y(tick) + 4, tickText(tick), "axis end"),
    ]);
    const frame = { left, across, bottom: up + height, y, inside: (value) => y(between(ends[0], value, ends[1])) };
    const ground = line(left, y(base), left + across, y(base), "zero");
    return [label(left, up - 9, cut(title, across), "panel"), ...grid, ...inside(frame), ground];
  });
  return { parts, height: top + Math.ceil(list.length / columns) * tall };
}
