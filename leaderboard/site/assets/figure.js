/** A figure: picture, legend, its numbers as a table, and buttons that save them. */

import { button, draw, make, numbersTable } from "./dom.js";
import { saveCsv, savePng, saveSvg } from "./saving.js";

let count = 0;

/**
 * Return a figure that is drawn anew whenever its width changes.
 *
 * `table` is {heads, rows}; `paint(width)` returns {height, parts}, SVG elements drawn from the same rows.
 * `description` tells what is to be seen to those who cannot see it.
 */
export function figure({ title, note, description, file, table, paint, controls = null }) {
  count += 1;
  const name = `figure-${count}`;
  const plot = make("div", { class: "plot" });
  const svg = draw("svg", { role: "img", "aria-labelledby": `${name}-title ${name}-description` });
  plot.append(svg);
  let width = 0;
  const repaint = () => {
    const { height, parts } = paint(width);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.replaceChildren(
      draw("title", { id: `${name}-title` }, title),
      draw("desc", { id: `${name}-description` }, description),
      ...parts,
    );
  };
  new ResizeObserver(() => {
    const now = Math.floor(plot.clientWidth);
    if (now && now !== width) {
      width = now;
      repaint();
    }
  }).observe(plot);
  const tools = make(
    "div",
    { class: "tools" },
    button("SVG", () => saveSvg(svg, file), { "aria-label": `Save the figure ${title} as SVG` }),
    button("PNG", () => savePng(svg, file), { "aria-label": `Save the figure ${title} as PNG` }),
    button("CSV", () => saveCsv(table().heads, table().rows, file), {
      "aria-label": `Save the numbers of ${title} as CSV`,
    }),
  );
  const numbers = make("details", {}, make("summary", {}, "Numbers"));
  numbers.addEventListener("toggle", () => {
    if (numbers.open) fill();
  });
  const fill = () => {
    const { heads, rows } = table();
    numbers.replaceChildren(numbers.firstElementChild, numbersTable(title, heads, rows));
  };
  const caption = make("figcaption", {}, make("h4", {}, title), make("p", {}, note));
  const made = make("figure", { id: name }, caption, controls, plot, make("div", { class: "under" }, numbers, tools));
  const again = () => {
    if (width) repaint();
    if (numbers.open) fill();
  };
  return { element: made, again };
}

/** Return a sentence in the place of a figure that has no numbers. */
export function noFigure(title, reason) {
  return make("div", { class: "nofigure" }, make("h4", {}, title), make("p", { class: "missing" }, reason));
}
