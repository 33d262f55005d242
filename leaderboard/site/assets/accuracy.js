/** Accuracy in each language, beside the reference's. */

import { dots, sharesEnds } from "./dots.js";
import { figure, noFigure } from "./figure.js";
import { seedHeads, tablesOf } from "./payload.js";

const TITLE = "Accuracy by language";
const KINDS = [{ kind: "reference", text: "its reference", shape: "diamond", style: "untuned" }];

/** Return the figure of a row. */
export function accuracy(details, reference, file) {
  const [own] = tablesOf(details, "accuracy");
  const [beside] = tablesOf(reference, "accuracy");
  const entry = (name, by) => ({ name, ...own.at(by), marks: { reference: beside?.at(by).value ?? null } });
  const all = own
    ? [entry("all languages", {}), ...details.task.languages.map((language) => entry(language, { language }))]
    : [];
  const entries = all.filter(({ value }) => value !== null);
  if (!entries.length) return noFigure(TITLE, own?.reason || "This row has no predictions.");
  const heads = ["language", "accuracy", "± half interval", "its reference", ...seedHeads(details)];
  const rows = entries.map((one) => [one.name, one.value, one.half, one.marks.reference, ...one.seeds]);
  return figure({
    title: TITLE,
    note: "Share of test rows predicted right, with 95% intervals.",
    file,
    table: () => ({ heads, rows }),
    description: described(entries),
    paint: dots(entries, KINDS, sharesEnds(entries, false)),
  }).element;
}

function described([whole, ...languages]) {
  const ordered = languages.sort((a, b) => a.value - b.value).map(({ name, value }) => `${value.toFixed(3)} (${name})`);
  return `${whole.value.toFixed(3)} over all languages; from ${ordered[0]} to ${ordered.at(-1)}.`;
}
