/** SHAP drift by language, label and set of tokens, as in the paper's Figures 1 to 3. */

import { figure, noFigure } from "./figure.js";
import { bar, cut, label, legend, line, swatch } from "./marks.js";
import { panels } from "./panels.js";
import { seedHeads, tablesOf } from "./payload.js";
import { between, extent } from "./scales.js";

const TITLE = "Drift of explanations";
const NOTE =
  "SHAP values of this row less its reference's, summed over a text's tokens and averaged over the texts of a " +
  "language, in units of probability. Tokens are positive, neutral or negative for a label by the reference's values " +
  "(threshold 0.01). Grey: how far the reference drifts from itself between two seeds (the placebo).";
const KINDS = [
  ["base", "base value"],
  ["positive", "positive tokens"],
  ["neutral", "neutral tokens"],
  ["negative", "negative tokens"],
];

/** Return the figure of a row; `reference` has the placebo, and `skewed` names the regime that marks languages. */
export function drift(details, reference, skewed, file) {
  const [own] = tablesOf(details, "drift");
  const [base] = tablesOf(details, "base_difference");
  const [placebo] = tablesOf(reference, "placebo_size");
  const { languages, labels, skew } = details.task;
  const entry = (language, l, name, c, kind) => {
    const by = { language, label: name };
    const found = kind === "base" ? base?.at(by) : own?.at({ ...by, set: kind });
    const chance = placebo?.at({ ...by, set: kind }).value ?? null;
    const over = skew[skewed]?.[l][c] ?? 0;
    return { language, label: name, kind, chance, over, ...(found ?? { value: null, half: null, seeds: [] }) };
  };
  const entries = labels.flatMap((name, c) =>
    languages.flatMap((language, l) => KINDS.map(([kind]) => entry(language, l, name, c, kind))),
  );
  if (!entries.some(({ value }) => value !== null)) {
    return noFigure(TITLE, own?.reason || base?.reason || "This row has no explanations to set against a reference.");
  }
  const names = ["label", "language", "part", "difference", "± half interval", "size of the placebo"];
  const rows = entries.map((one) => [one.label, one.language, one.kind, one.value, one.half, one.chance, ...one.seeds]);
  return figure({
    title: TITLE,
    note: NOTE,
    file,
    table: () => ({ heads: [...names, ...seedHeads(details)], rows }),
    description: described(entries),
    paint: (width) => paint(width, entries, languages, labels),
  }).element;
}

function described(entries) {
  const there = entries.filter(({ value }) => value !== null);
  const most = there.reduce((one, entry) => (Math.abs(entry.value) > Math.abs(one.value) ? entry : one));
  const told = there.filter(({ chance }) => chance !== null);
  const beyond = told.filter(({ value, chance }) => Math.abs(value) > chance);
  return (
    "Bars for each label, language and set of tokens. " +
    `The largest is ${most.value.toFixed(3)}: ${most.kind}, label ${most.label}, ${most.language}.` +
    (told.length ? ` ${beyond.length} of ${told.length} are larger than their placebo.` : "")
  );
}

function paint(width, entries, languages, labels) {
  const marks = legend(
    [
      ...KINDS.map(([kind, text]) => ({ text, symbol: swatch(`bar ${kind}`) })),
      entries.some(({ chance }) => chance !== null) && { text: "± placebo", symbol: swatch("placebo") },
      entries.some(({ over }) => over) && {
        text: "language over-, under-represents the label",
        symbol: (x, y) => label(x, y + 4, "▲▼", "axis middle"),
      },
    ],
    width,
  );
  const ends = endsOf(entries.filter(({ value }) => value !== null));
  const list = labels.map((name) => ({
    title: `label ${name}`,
    ends,
    inside: (frame) => {
      const step = frame.across / languages.length;
      return languages.flatMap((language, l) => {
        const own = entries.filter((entry) => entry.label === name && entry.language === language);
        return cluster(language, own, frame, frame.left + step * l, step);
      });
    },
  }));
  const least = Math.max(240, 44 * languages.length);
  const laid = panels(list, { width, top: marks.height, least, height: 190, below: 46, wanted: 5 });
  return { height: laid.height, parts: [...marks.parts, ...laid.parts] };
}

/** Intervals of two seeds can be many times as wide as the numbers: they are cut where they would squash the bars. */
function endsOf(there) {
  const most = 1.6 * Math.max(...there.map(({ value, chance }) => Math.max(Math.abs(value), chance ?? 0)));
  const numbers = there.flatMap(({ value, chance, half }) => [
    chance ?? 0,
    -(chance ?? 0),
    between(-most, value + (half ?? 0), most),
    between(-most, value - (half ?? 0), most),
  ]);
  return extent(numbers, { zero: true });
}

/** Return one language's bars from a place on. */
function cluster(language, own, { bottom, y, inside }, left, step) {
  const thick = (step * 0.8) / KINDS.length;
  const parts = own.flatMap(({ kind, value, half, chance }, k) => {
    const x = left + step * 0.1 + thick * k;
    const middle = x + thick / 2;
    return [
      chance !== null && bar(x, thick, inside(chance), inside(-chance), "placebo"),
      value !== null && bar(x + thick * 0.12, thick * 0.76, y(0), y(value), `bar ${kind}`),
      value !== null && half !== null && line(middle, inside(value - half), middle, inside(value + half), "whisker"),
    ].filter(Boolean);
  });
  const centre = left + step / 2;
  const arrow = own[0].over ? [label(centre, bottom + 31, own[0].over > 0 ? "▲" : "▼", "axis middle")] : [];
  return [...parts, label(centre, bottom + 16, cut(language, step), "axis middle"), ...arrow];
}
