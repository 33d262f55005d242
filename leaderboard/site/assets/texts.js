/** Example texts, their tokens shaded by what they argue for. */

import { make, named, numbersTable, unseen } from "./dom.js";

const LANGUAGE = /^[a-z]{2,3}(-[\w-]+)?$/i; // a code, as screen readers know them
const SHADES =
  "Red tokens argue for the text's true label, blue ones against it; both models are shaded on one scale. A token " +
  "within 0.01 of zero has no colour.";

/** Return the texts of a row, or the sentence that says why there are none. */
export function texts({ missing, seed, texts: found }) {
  if (missing) return make("p", { class: "missing" }, missing);
  const intro = make("p", {}, `The first explained text of each language, of seed ${seed}. ${SHADES}`);
  return make("div", {}, intro, ...found.map(example));
}

function example(text) {
  const names = ["this row", "its reference"];
  const sides = text.sides.flatMap((side, place) => [
    make(
      "p",
      { class: "account" },
      `${names[place]}: predicts `,
      named(side.predicted),
      `; probability of the true label ${side.output.toFixed(3)}, with all tokens masked ${side.base.toFixed(3)}`,
    ),
    shaded(text, side),
  ]);
  const heads = [
    "token",
    ...text.sides.map((_, place) => names[place]),
    ...(text.sides.length > 1 ? ["difference"] : []),
  ];
  const rows = text.pieces.map(([, core], place) => {
    const values = text.sides.map((side) => side.values[place] / 1e4);
    return [core, ...values, ...(values.length > 1 ? [Number((values[0] - values[1]).toFixed(4))] : [])];
  });
  const title = `Values of the tokens of ${text.id} in ${text.language}`;
  return make(
    "article",
    { class: "text" },
    make(
      "h4",
      {},
      named(text.language),
      " · true label ",
      named(text.truth),
      unseen(", "),
      make("small", {}, " ", named(text.id), ` · ${text.mode}`),
    ),
    ...sides,
    driftOf(text),
    make("details", {}, make("summary", {}, "Numbers"), numbersTable(title, heads, rows)),
  );
}

function shaded(text, side) {
  const tokens = text.pieces.map(([before, core, after], place) => {
    const colours = side.colours[place];
    const value = (side.values[place] / 1e4).toFixed(4);
    const token = make("span", { class: colours && "token", title: value }, core);
    if (colours) [token.style.background, token.style.color] = [colours.slice(0, 7), colours.slice(7)];
    return [before, token, after];
  });
  const halves =
    text.second > 0 && text.second < tokens.length
      ? [tokens.slice(0, text.second), tokens.slice(text.second)]
      : [tokens];
  return make(
    "div",
    { class: "shaded" },
    ...halves.map((half) =>
      make("p", { lang: LANGUAGE.test(text.language) && text.language, dir: "auto" }, ...half.flat()),
    ),
  );
}

function driftOf(text) {
  if (text.alone) return make("p", { class: "account" }, `Shown alone: ${text.alone}.`);
  const parts = Object.entries(text.drift).map(
    ([name, value]) => `${name} ${value === null ? "none" : (value > 0 ? "+" : "") + value.toFixed(3)}`,
  );
  return make("p", { class: "account" }, `This row less its reference, summed over tokens: ${parts.join(", ")}.`);
}
