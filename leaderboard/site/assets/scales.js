/** Scales and their ticks. */

/** Return a function from numbers to places; `log` for a logarithmic scale. */
export function scale([low, high], [from, to], log = false) {
  const turn = log ? Math.log10 : (value) => value;
  const span = turn(high) - turn(low) || 1;
  return (value) => from + ((turn(value) - turn(low)) / span) * (to - from);
}

/** Return about as many round numbers between two ends as are wanted. */
export function ticks(low, high, wanted) {
  const rough = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.8) * power;
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** Return 1, 2, 5, 10, ... between two ends; powers of ten alone where those are many. */
export function logTicks(low, high) {
  const within = (value) => value >= low * 0.999 && value <= high * 1.001;
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, place) => 10 ** (first + place));
  const fine = powers.flatMap((power) => [power, 2 * power, 5 * power]).filter(within);
  return fine.length > 6 ? powers.filter(within) : fine;
}

/** Return the ends of some numbers, with 0 among them where `zero`, and a little room. */
export function extent(values, { zero = false, room = 0.06 } = {}) {
  const there = values.filter((value) => value !== null && Number.isFinite(value));
  if (zero) there.push(0);
  if (!there.length) return [0, 1];
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const margin = (high - low || Math.abs(high) || 1) * room;
  return [zero && low === 0 ? 0 : low - margin, zero && high === 0 ? 0 : high + margin];
}

/** Return a number between two others. */
export function between(low, value, high) {
  return Math.max(low, Math.min(high, value));
}

/** Write the number of a tick. */
export function tickText(value) {
  return String(value)
    .replace("-", "−")
    .replace(/^(−?)0\./, "$1.");
}
