/** What is predicted in each language, beside what was trained on and what is true. */

import { figure, noFigure } from "./figure.js";
import { bar, cut, label, legend, line, mark, swatch, textWidth } from "./marks.js";
import { panels } from "./panels.js";
import { seedHeads, tablesOf } from "./payload.js";
import { extent } from "./scales.js";

const TITLE = "Predictions by language and label";
const NOTE =
  "Share of each language's test rows that is predicted as each label. Where the bars follow the marks of the " +
  "training data rather than those of the test set, the model has learned the language.";

/** Return the figure of a row. */
export function shares(details, file) {
  const [table] = tablesOf(details, "prediction_share");
  const { languages, labels, shares: trained } = details.task;
  const entry = (language, l, name, c) => ({
    language,
    label: name,
    ...table.at({ language, label: name }),
    trained: trained?.[l][c] ?? null,
    truth: details.truth?.[l][c] ?? null,
  });
  const entries = table ? languages.flatMap((language, l) => labels.map((name, c) => entry(language, l, name, c))) : [];
  if (!entries.some(({ value }) => value !== null)) {
    return noFigure(TITLE, table?.reason || "This row has no predictions.");
  }
  const heads = ["language", "label", "predicted", "± half interval", "trained on", "true", ...seedHeads(details)];
  const rows = entries.map((one) => [
    one.language,
    one.label,
    one.value,
    one.half,
    one.trained,
    one.truth,
    ...one.seeds,
  ]);
  return figure({
    title: TITLE,
    note: NOTE,
    file,
    table: () => ({ heads, rows }),
    description: described(entries),
    paint: (width) => paint(width, entries, languages, labels),
  }).element;
}

function described(entries) {
  const away = (key) => {
    const there = entries.filter((entry) => entry.value !== null && entry[key] !== null);
    const sum = there.reduce((total, entry) => total + Math.abs(entry.value - entry[key]), 0);
    return there.length
      ? `${(sum / there.length).toFixed(3)} from what ${key === "truth" ? "is true" : "was trained on"}`
      : "";
  };
  const most = entries.reduce((one, entry) => ((entry.value ?? 0) > (one.value ?? 0) ? entry : one));
  const far = [away("trained"), away("truth")].filter(Boolean).join(" and ");
  return (
    "Bars of predicted shares for each language and label. " +
    `The largest is ${most.value.toFixed(3)}: label ${most.label} in ${most.language}. ` +
    (far && `On average a bar is ${far}.`)
  );
}

function paint(width, entries, languages, labels) {
  const known = (key) => entries.some((entry) => entry[key] !== null);
  const marks = legend(
    [
      { text: "predicted", symbol: swatch("bar predicted") },
      known("trained") && { text: "trained on", symbol: (x, y) => mark("diamond", x, y, "trained", 4) },
      known("truth") && { text: "true", symbol: (x, y) => line(x - 8, y, x + 8, y, "truth") },
    ],
    width,
  );
  const numbers = entries.flatMap(({ value, half, trained, truth }) => [value + (half ?? 0), trained, truth]);
  const ends = [0, Math.min(1, extent(numbers, { zero: true })[1])];
  const room = Math.max(28, ...labels.map((name) => Math.min(90, textWidth(name) + 8)));
  const list = languages.map((language) => ({
    title: language,
    ends,
    inside: (frame) => {
      const step = frame.across / labels.length;
      const own = entries.filter((entry) => entry.language === language);
      return own.flatMap((entry, c) => column(entry, frame, frame.left + step * (c + 0.5), step));
    },
  }));
  const laid = panels(list, {
    width,
    top: marks.height,
    least: 52 + labels.length * room,
    height: 118,
    below: 34,
    wanted: 3,
  });
  return { height: laid.height, parts: [...marks.parts, ...laid.parts] };
}

/** Return one label's bar and marks around a place. */
function column({ label: name, value, half, trained, truth }, { bottom, y, inside }, x, step) {
  const parts = [label(x, bottom + 16, cut(name, step), "axis middle")];
  if (value !== null) parts.push(bar(x - step * 0.33, step * 0.66, y(0), y(value), "bar predicted"));
  if (value !== null && half !== null) parts.push(line(x, inside(value + half), x, inside(value - half), "whisker"));
  if (truth !== null) parts.push(line(x - step * 0.42, y(truth), x + step * 0.42, y(truth), "truth"));
  if (trained !== null) parts.push(mark("diamond", x, y(trained), "trained", 4));
  return parts;
}
