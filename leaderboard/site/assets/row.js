/** The section of the chosen row. */

import { accuracy } from "./accuracy.js";
import { make, named, numbersTable } from "./dom.js";
import { drift } from "./drift.js";
import { leakage } from "./leakage.js";
import { pareto } from "./pareto.js";
import { comparisonOf, detailsOf, lettersOf, nameOf, numberOf, rowName } from "./payload.js";
import { provenance } from "./provenance.js";
import { shares } from "./shares.js";
import { texts } from "./texts.js";

/** Fill the section with a row and go to its heading. */
export async function showRow(section, board, row) {
  const [details, reference, untuned] = await Promise.all(
    [row, board.reference_row[row], board.untuned_row[row]].map((one) => detailsOf(board, one)),
  );
  const file = board.cells[row][0];
  const heading = make("h2", { id: "row-heading", tabindex: -1 }, named(rowName(board, row)));
  section.replaceChildren(
    make("div", { class: "row-head" }, heading, make("a", { href: "#", class: "back" }, "Back to the board")),
    make(
      "p",
      { class: "where" },
      ...["task", "model", "variant"]
        .map((name) => nameOf(board, name, row))
        .filter(Boolean)
        .flatMap((text, place) => [place ? " · " : "", named(text)]),
    ),
    ...said(board, row),
    part(
      "Predictions",
      shares(details, `${file}_shares`),
      accuracy(details, board.reference[row] ? null : reference, `${file}_accuracy`),
    ),
    part("Language in the features", ...leakage(details, board.untuned_row[row] === row ? null : untuned, file)),
    part("Explanations", drift(details, reference, nameOf(board, "skew_regime", row), `${file}_drift`)),
    part("Cost", pareto(board, row, `${file}_cost`)),
    part("Example texts", texts(details.texts)),
    part("Numbers of the board", numbers(board, row)),
    part("Provenance", provenance(details)),
  );
  section.setAttribute("aria-labelledby", "row-heading");
  heading.focus({ preventScroll: true });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  section.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}

function part(title, ...content) {
  return make("section", { class: "part" }, make("h3", {}, title), ...content);
}

function said(board, row) {
  const status = nameOf(board, "status", row);
  const notes = board.shared[board.notes[row]];
  return [...(status === "done" || status.startsWith("same as") ? [] : [status]), ...notes].map((text) =>
    make("p", { class: "notice" }, named(text)),
  );
}

function numbers(board, row) {
  const beside = ["less reference", "corrected p", "group", "interval, or why it is missing", "measured by"];
  const rows = board.columns.map(({ name, unit }) => {
    const { value, low, high, seeds, method, reason, madeBy } = numberOf(board, name, row);
    const { difference = null, p = null } = comparisonOf(board, name, row) ?? {};
    const told = [method, reason].filter(Boolean).join("; ");
    return [name, value, low, high, unit, seeds, difference, p, lettersOf(board, name, row), told, madeBy];
  });
  const heads = ["column", "value", "low", "high", "unit", "seeds", ...beside];
  const table = numbersTable("Numbers of the board", heads, rows);
  return make("details", {}, make("summary", {}, `All ${rows.length} numbers`), table);
}
