/** The page: opens the board, and the row that the address names. */

import { showBoard } from "./board.js";
import { addressOf, unpack } from "./payload.js";
import { showRow } from "./row.js";
import { theme } from "./theme.js";

const NEEDED = "It needs the whole file, and a browser of 2024 or later.";

theme(document.getElementById("theme"));

const board = await unpack("board").catch((error) => {
  document.getElementById("told").textContent = `The board cannot be shown (${error.message}). ${NEEDED}`;
  throw error;
});
const shown = showBoard(board);
const rowOf = new Map(board.cells.flatMap((cells, row) => cells.map((cell) => [addressOf(cell), row])));
const section = document.getElementById("row");
let last = null;

async function follow() {
  if (location.hash === "#board") return; // the link past the header
  const row = rowOf.get(location.hash) ?? null;
  shown.choose(row);
  section.hidden = row === null;
  if (row !== null) await showRow(section, board, row);
  else if (last !== null) shown.focus(last);
  last = row;
  document.documentElement.dataset.ready = String(row ?? "board");
}

addEventListener("hashchange", follow);
await follow();
