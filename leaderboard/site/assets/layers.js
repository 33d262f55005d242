/** Language in the vectors of each layer, where those were probed. */

import { draw } from "./dom.js";
import { figure } from "./figure.js";
import { label, legend, line, mark } from "./marks.js";
import { panels } from "./panels.js";
import { seedHeads, tablesOf } from "./payload.js";
import { extent, scale, ticks } from "./scales.js";

const CORPORA = [
  ["probe", "probe corpus", "own"],
  ["test", "test set", "other"],
];
const PANELS = [
  ["leakage", "leakage, accuracy of the paper's probe"],
  ["compression", "compression (ratio)"],
];

/** Whether a table is of a single layer's vectors. */
export function ofLayer(table) {
  return table.params.vectors?.startsWith("layer_") ?? false;
}

/** Return the figure of a row, or null where no layers were probed. */
export function layers(details, file) {
  const point = (measure, table) => ({
    measure,
    corpus: table.params.corpus,
    layer: Number(table.params.vectors.slice(6)),
    ...table.at(),
  });
  const points = PANELS.flatMap(([measure]) =>
    tablesOf(details, measure)
      .filter(ofLayer)
      .map((table) => point(measure, table)),
  ).sort((a, b) => a.layer - b.layer);
  if (!points.some(({ value }) => value !== null)) return null;
  const heads = ["measure", "corpus", "layer", "value", "± half interval", ...seedHeads(details)];
  const rows = points.map((one) => [one.measure, one.corpus, one.layer, one.value, one.half, ...one.seeds]);
  return figure({
    title: "Language by layer",
    note: "The same probes on the first token's vector after the embeddings (0) and after each layer.",
    file,
    table: () => ({ heads, rows }),
    description: `Lines of leakage and compression over layers ${points[0].layer} to ${points.at(-1).layer}.`,
    paint: (width) => paint(width, points),
  }).element;
}

function paint(width, points) {
  const symbols = CORPORA.map(([, text, kind]) => ({ text, symbol: (x, y) => mark("dot", x, y, kind) }));
  const marks = legend(symbols, width);
  const last = Math.max(...points.map(({ layer }) => layer));
  const list = PANELS.map(([measure, title]) => {
    const own = points.filter((point) => point.measure === measure && point.value !== null);
    const ends = extent(
      own.map(({ value }) => value),
      { zero: true },
    );
    return { title, ends, inside: (frame) => lines(own, frame, last) };
  });
  const laid = panels(list, { width, top: marks.height, least: 300, height: 180, below: 40 });
  return { height: laid.height, parts: [...marks.parts, ...laid.parts] };
}

/** Return one panel's lines, a point a layer. */
function lines(own, { left, across, bottom, y, inside }, last) {
  const x = scale([0, last || 1], [left + 8, left + across - 8]);
  const whole = ticks(0, last, 6).filter(Number.isInteger);
  const axis = whole.map((layer) => label(x(layer), bottom + 16, layer, "axis middle"));
  const parts = CORPORA.flatMap(([corpus, , kind]) => {
    const there = own.filter((point) => point.corpus === corpus);
    if (!there.length) return [];
    const path = there.map(({ layer, value }) => `${x(layer)} ${y(value)}`).join("L");
    const dots = there.flatMap(({ layer, value, half }) => [
      ...(half === null
        ? []
        : [line(x(layer), inside(value - half), x(layer), inside(value + half), `path faint ${kind}`)]),
      mark("dot", x(layer), y(value), kind, 3.5),
    ]);
    return [draw("path", { d: `M${path}`, class: `path ${kind}` }), ...dots];
  });
  return [...axis, label(left + across / 2, bottom + 32, "layer", "axis middle"), ...parts];
}
