/** What made a row: cells and seeds, what was asked and in force, versions, and the checksums of what was measured. */

import { make, numbersTable } from "./dom.js";

/** Return the tables. */
export function provenance({ cells, asked }) {
  const seeds = cells.map(({ seed }) => (seed === null ? "no seed" : `seed ${seed}`));
  const of = (key) => cells.map((cell) => cell[key]);
  const files = [...new Set(of("checksums").flatMap(Object.keys))];
  const checksums = files.map((file) => [file, ...of("checksums").map((own) => own[file] ?? null)]);
  const ids = cells.map(({ id, worker }, place) => [seeds[place], id, worker || "itself"]);
  return make(
    "div",
    { class: "provenance" },
    numbersTable("Cells", ["seed", "id", "done by"], ids),
    folded("Asked for", ["setting", "value"], flat(asked)),
    folded("In force", ["setting", "value"], merged(of("in_force"), seeds)),
    folded("Versions of the measures in the figures", ["measure", "version"], merged(of("measures"), seeds)),
    folded("SHA-256 of what was measured, first 16 digits", ["file", ...seeds], checksums),
  );
}

function folded(title, heads, rows) {
  return make("details", {}, make("summary", {}, title), numbersTable(title, heads, rows));
}

/** Return all settings of several seeds; where they differ, each seed's. */
function merged(found, seeds) {
  const maps = found.map((one) => new Map(flat(one ?? {})));
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  return keys.map((key) => {
    const values = maps.map((map) => map.get(key));
    const told = new Set(values.filter((value) => value !== undefined));
    return [
      key,
      told.size === 1 ? [...told][0] : values.map((value, place) => `${seeds[place]}: ${value ?? "–"}`).join("; "),
    ];
  });
}

/** Return the leaves of nested settings with their paths. */
function flat(value, path = "") {
  if (value === null || typeof value !== "object") return [[path, String(value)]];
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== "object"))
    return [[path, value.join(", ")]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, path ? `${path}.${key}` : key));
}
