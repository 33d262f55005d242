/** The board's section: what is filtered, sorted and shown, and the row that is chosen. */

import { columnChoice } from "./board_columns.js";
import { filterFields, kindOf } from "./board_filters.js";
import { boardRows, boardTable, searchText } from "./board_table.js";
import { button, make } from "./dom.js";
import { nameOf } from "./payload.js";
import { saveCsv } from "./saving.js";

const LONG = 40; // rows from which the table scrolls in a box of its own
const STEP = 200; // rows that are shown at first, and more of at a press

/** Fill the board's section; return {choose(row), focus(row)}, which mark a row and go to it. */
export function showBoard(board) {
  const all = board.reference.map((_, row) => row);
  const texts = all.map((row) => searchText(board, row));
  const state = {
    filters: { search: "", names: {} },
    sort: { by: "", down: false },
    shown: new Set(board.columns.filter((column) => column.shown).map((column) => column.name)),
    together: true,
    limit: STEP,
    chosen: null,
  };
  const [place, told, below] = ["table", "told", "below"].map((name) => document.getElementById(name));

  const fitting = () => {
    const names = Object.entries(state.filters.names).filter(([, value]) => value);
    return all.filter(
      (row) =>
        texts[row].includes(state.filters.search) && names.every(([name, value]) => kindOf(board, name, row) === value),
    );
  };
  const columns = () => board.columns.filter((column) => state.shown.has(column.name));

  const render = () => {
    const found = fitting();
    const sections = inSections(board, sorted(board, found, state.sort), state.together);
    const some = firstRows(sections, state.limit);
    place.replaceChildren(
      boardTable(board, {
        sections: some,
        columns: columns(),
        sort: state.sort,
        onsort,
        chosen: state.chosen,
        total: found.length,
      }),
    );
    place.classList.toggle("long", found.length > LONG);
    told.textContent = sentence(board, found.length, all.length, state.sort);
    more.hidden = found.length <= state.limit;
    more.textContent = `Show ${Math.min(STEP, found.length - state.limit)} more of ${found.length} rows`;
  };
  const onsort = (name) => {
    const again = state.sort.by === name;
    state.sort = { by: name, down: again ? !state.sort.down : name in board.numbers };
    render();
    place.querySelector(`[data-sort="${CSS.escape(name)}"]`).focus();
  };
  const more = button(
    "",
    () => {
      state.limit += STEP;
      render();
    },
    { class: "more" },
  );
  const grouped = make("input", { type: "checkbox", checked: true, id: "together" });
  grouped.addEventListener("change", () => {
    state.together = grouped.checked;
    render();
  });
  document.getElementById("controls").append(
    ...filterFields(board, all, (filters) => {
      state.filters = filters;
      state.limit = STEP;
      render();
    }),
    make("label", { class: "tick" }, grouped, " group by task and model"),
    columnChoice(board.columns, state.shown, (name, on) => {
      if (on) state.shown.add(name);
      else state.shown.delete(name);
      render();
    }),
    button(
      "Save CSV",
      () => {
        const { heads, lines } = boardRows(board, sorted(board, fitting(), state.sort), columns());
        saveCsv(heads, lines, "board");
      },
      { class: "quiet" },
    ),
  );
  below.append(
    more,
    make(
      "details",
      { class: "caption", open: true },
      make("summary", {}, "What the numbers are"),
      ...board.caption.map((text) => make("p", {}, text)),
    ),
  );
  place.addEventListener("keydown", (event) => walk(event, place));
  place.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, th[scope=col]")) event.target.closest("tr")?.querySelector("a")?.click();
  });
  render();
  return {
    choose(row) {
      state.chosen = row;
      render();
    },
    focus(row) {
      (place.querySelector(`a[data-row="${row}"]`) ?? place).focus();
    },
  };
}

function sorted(board, rows, { by, down }) {
  if (!by) return rows;
  const numbers = board.numbers[by]?.value;
  const sign = down ? -1 : 1;
  const byNumber = numbers || by === "learning_rate";
  const key = (row) => {
    if (numbers) return numbers[row];
    return by === "learning_rate" ? sizeOf(nameOf(board, by, row)) : nameOf(board, by, row);
  };
  return [...rows].sort((a, b) => {
    const [one, other] = [key(a), key(b)];
    if (one === null || other === null) return (one === null) - (other === null); // what is missing stands last
    return sign * (byNumber ? one - other : one.localeCompare(other));
  });
}

/** Return what orders learning rates: multiples of the method's own, of which that is one, stand before numbers. */
function sizeOf(rate) {
  if (!rate || rate.startsWith("x")) return -1 / Number(rate.slice(1) || 1);
  return Number(rate.split("/")[0]);
}

function inSections(board, rows, together) {
  if (!together) return [{ title: null, rows }];
  const found = new Map();
  for (const row of rows) {
    const section = board.section[row];
    if (!found.has(section)) found.set(section, []);
    found.get(section).push(row);
  }
  return [...found].sort(([a], [b]) => a - b).map(([section, own]) => ({ title: board.sections[section], rows: own }));
}

function firstRows(sections, limit) {
  let left = limit;
  const some = [];
  for (const { title, rows } of sections) {
    if (left <= 0) break;
    some.push({ title, rows: rows.slice(0, left) });
    left -= rows.length;
  }
  return some;
}

function sentence(board, found, all, { by, down }) {
  const heading = board.columns.find((column) => column.name === by)?.heading ?? by;
  const order = by ? `, sorted by ${heading}, ${down ? "highest first" : "lowest first"}` : "";
  return `${found === all ? all : `${found} of ${all}`} rows${order}`;
}

/** Move between the rows' links with the arrow keys. */
function walk(event, place) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const links = [...place.querySelectorAll("a[data-row]")];
  const now = links.indexOf(document.activeElement);
  if (!step || now < 0) return;
  event.preventDefault();
  links[Math.max(0, Math.min(links.length - 1, now + step))].focus();
}
