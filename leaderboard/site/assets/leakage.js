/** How well frozen features tell the language, beside chance, shuffled languages and the model before fine-tuning. */

import { dots, ratioEnds, sharesEnds } from "./dots.js";
import { figure, noFigure } from "./figure.js";
import { layers, ofLayer } from "./layers.js";
import { seedHeads, tablesOf } from "./payload.js";

const KINDS = [
  { kind: "untuned", text: "untuned model", shape: "diamond", style: "untuned" },
  { kind: "majority", text: "chance", shape: "tick", style: "chance" },
  { kind: "shuffled", text: "languages shuffled", shape: "cross", style: "shuffled" },
  { kind: "as many texts", text: "as many texts of any kind", shape: "ring", style: "shuffled" },
];
const LEAKAGE =
  "Accuracy of probes that tell a text's language from frozen vectors, on the probe corpus and on the test set. " +
  "paper: logistic regression with C = 1e-4; default: with C = 1.";
const COMPRESSION =
  "Uniform over online codelength of the languages (ratio, logarithmic scale): 1 where vectors tell nothing. Unlike " +
  "an accuracy it does not saturate.";

/** Return the figures of leakage and compression of a row, and that of its layers, null where none were probed. */
export function leakage(details, untuned, file) {
  return [
    probes(details, untuned, "leakage", { title: "Language-ID leakage", note: LEAKAGE, file: `${file}_leakage` }),
    probes(details, untuned, "compression", {
      title: "Compression of the languages",
      note: COMPRESSION,
      file: `${file}_compression`,
    }),
    layers(details, `${file}_layers`),
  ];
}

function probes(details, untuned, measure, { title, note, file }) {
  const before = new Map(tablesOf(untuned, measure).map((table) => [probeName(table), table]));
  const entry = (table) => {
    const name = probeName(table);
    const marks = Object.fromEntries(KINDS.map(({ kind }) => [kind, table.at({ control: kind }).value]));
    marks.untuned = before.get(name)?.at().value ?? null;
    return { name, ...table.at(), marks };
  };
  const tables = tablesOf(details, measure);
  const entries = tables
    .filter((table) => !ofLayer(table))
    .map(entry)
    .filter(({ value }) => value !== null);
  entries.sort((a, b) => order(a.name) - order(b.name));
  if (!entries.length) return noFigure(title, tables[0]?.reason || "This row has no features that were probed.");
  const heads = ["probe", measure, "± half interval", ...KINDS.map(({ text }) => text), ...seedHeads(details)];
  const rows = entries.map((one) => [one.name, one.value, one.half, ...Object.values(one.marks), ...one.seeds]);
  const shares = measure === "leakage";
  return figure({
    title,
    note,
    file,
    table: () => ({ heads, rows }),
    description: described(entries),
    paint: dots(entries, KINDS, shares ? sharesEnds(entries, true) : ratioEnds(entries), !shares),
  }).element;
}

function described([first, ...others]) {
  const beside = KINDS.filter(({ kind }) => first.marks[kind] !== null);
  const told = beside.map(({ kind, text }) => `${text} ${first.marks[kind].toFixed(3)}`).join(", ");
  return `${others.length + 1} probes. ${first.name}: ${first.value.toFixed(3)}${told && ` (${told})`}.`;
}

function probeName({ params: { corpus, vectors, probe, within, match } }) {
  const place = corpus === "probe" ? "probe corpus" : "test set";
  const parts = [
    place,
    vectors,
    probe !== "online" && probe,
    within && `within ${within}s`,
    match && `matched in ${match}`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** The paper's probe on the probe corpus first; what is measured on a part of the texts last. */
function order(name) {
  const part = name.includes("within") || name.includes("matched");
  return (part ? 4 : 0) + (name.includes("default") ? 2 : 0) + (name.startsWith("probe") ? 0 : 1);
}
