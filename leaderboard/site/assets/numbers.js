/** Numbers as people read them: as the board in the terminal writes them. */

/** Write a board's number in its column, for example ".612"; counts get a unit prefix. */
export function written(column, value) {
  if (value === null) return "–";
  return column.digits === null ? amount(value) : short(value * column.scale, column.digits, column.signed);
}

/** Write the half width of an interval, for example "±.013"; empty where there is none, and for amounts. */
export function plusMinus(column, low, high) {
  if (low === null || high === null || column.digits === null) return "";
  return `±${short(((high - low) / 2) * column.scale, column.digits)}`;
}

/** Return the unit as it stands below a heading. */
export function unitOf(column) {
  return column.scale === 1000 ? "10⁻³" : column.unit;
}

/** Write a count with a unit prefix, for example "4.8M". */
export function amount(value) {
  for (const [limit, prefix] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ]) {
    if (value >= limit) return significant(value / limit) + prefix;
  }
  return significant(value);
}

/** Write a number with this many decimals and no zero before the point. */
function short(value, digits, signed = false) {
  const text = value.toFixed(digits);
  if (Number(text) === 0) return text.replace("-", "").replace("0.", ".");
  return (signed && value > 0 ? "+" : "") + text.replace("-", "−").replace(/^([+−]?)0\./, "$1.");
}

function significant(value) {
  return String(Number(value.toPrecision(3)));
}
