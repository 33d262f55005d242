/** The data that the page carries, packed in blocks: the board is opened at once, a row's when it is chosen. */

const opened = new Map();

/** Return a block's content. */
export function unpack(name) {
  if (!opened.has(name)) opened.set(name, unpacked(name));
  return opened.get(name);
}

async function unpacked(name) {
  const letters = atob(document.getElementById(`data-${name}`).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** The part of the page's address that opens the row of a cell. */
export function addressOf(cell) {
  return `#${encodeURIComponent(cell)}`;
}

/** One name of a row, such as its task. */
export function nameOf(board, name, row) {
  return board.shared[board.names[name][row]];
}

/** The learning rate of a row among rows that have several; empty for the untuned model. */
export function rateOf(board, row) {
  return nameOf(board, "learning_rate", row) || (nameOf(board, "method", row) === "untuned" ? "" : "own");
}

/** Whether some row has a learning rate of its grid's. */
export function hasRates(board) {
  return board.names.learning_rate.some((place) => board.shared[place]);
}

/** A row's number: its value or null, the ends of its interval or null, and what is said of it. */
export function numberOf(board, column, row) {
  const told = board.numbers[column];
  const [value, half] = [told.value[row], told.half[row]];
  const [below, above] = Array.isArray(half) ? half : [half, half];
  return {
    value,
    low: half === null ? null : value - below,
    high: half === null ? null : value + above,
    seeds: told.seeds[row],
    method: board.shared[told.method[row]],
    reason: board.shared[told.reason[row]],
    madeBy: board.shared[told.made_by[row]],
  };
}

/** How a row's number compares with its reference's; null where nothing is compared. */
export function comparisonOf(board, column, row) {
  const found = board.against[column]?.[row];
  if (!found) return null;
  const [difference, low, high, p, seeds, reason] = found;
  return { difference, low, high, p, seeds, reason: board.shared[reason] };
}

/** The letters of a row in a column; methods that share one cannot be told apart. */
export function lettersOf(board, column, row) {
  return board.groups[column]?.[row] ?? "";
}

/** Method, learning rate, regime and weighting of a row in words. */
export function rowName(board, row) {
  return ["method", "learning_rate", "regime", "weighting"]
    .map((name) => nameOf(board, name, row))
    .filter(Boolean)
    .join(" · ");
}

/** Return what the page knows of a row beside the board's numbers; null for no row. */
export async function detailsOf(board, row) {
  if (row === null) return null;
  const { shared, rows } = await unpack(`rows-${Math.floor(row / board.chunk)}`);
  const told = rows[row % board.chunk];
  return {
    task: shared[told.task],
    asked: shared[told.asked],
    truth: told.truth === null ? null : shared[told.truth],
    cells: told.cells.map((cell) => ({
      ...cell,
      in_force: cell.in_force === null ? null : shared[cell.in_force],
      measures: shared[cell.measures],
    })),
    tables: told.tables.map((table) => tableOf(table, shared)),
    texts: { ...told.texts, texts: told.texts.texts?.map((text) => ({ ...text, pieces: shared[text.pieces] })) },
  };
}

function tableOf([names, decimals, mean, half, seeds], shared) {
  const [measure, params, by, unit, method, reason] = shared[names];
  const number = (whole) => (whole === null || whole === undefined ? null : whole / 10 ** decimals);
  const places = new Map(JSON.parse(by).map((one, place) => [JSON.stringify(Object.entries(one).sort()), place]));
  return {
    measure,
    unit,
    method,
    reason,
    params: JSON.parse(params),
    by: JSON.parse(by),
    at(one = {}) {
      const place = places.get(JSON.stringify(Object.entries(one).sort()));
      if (place === undefined) return { value: null, half: null, seeds: [] };
      return {
        value: number(mean[place]),
        half: number(half[place]),
        seeds: seeds.map((values) => number(values[place])),
      };
    },
  };
}

/** The headings of the columns that hold each seed's own number. */
export function seedHeads(details) {
  return details.cells.length > 1 ? details.cells.map((cell) => `seed ${cell.seed}`) : [];
}

/** Return the tables of a measure; of those parameters where some are given. */
export function tablesOf(details, measure, params = {}) {
  const fits = (table) =>
    table.measure === measure && Object.entries(params).every(([key, value]) => table.params[key] === value);
  return details ? details.tables.filter(fits) : [];
}
