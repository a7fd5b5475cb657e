// Where an axis has its ticks, and what they say. A logarithmic axis keeps a place for zero, left of all else.

function scale(values, log) {
  const positive = values.filter((value) => value > 0);
  const hasZero = log && values.some((value) => value === 0);
  const zero = hasZero ? Math.log10(positive.length ? Math.min(...positive) : 1) - 0.6 : null;
  return {
    log,
    zero,
    at: (value) => (!log ? value : value > 0 ? Math.log10(value) : zero),
  };
}

// The least and greatest position with room around them; `least` is the least that an axis spans.
function paddedRange(positions, share, least) {
  const low = positions.reduce((a, b) => Math.min(a, b)), high = positions.reduce((a, b) => Math.max(a, b));
  const span = Math.max(high - low, least), middle = (low + high) / 2;
  return [middle - span * (0.5 + share), middle + span * (0.5 + share)];
}

const NICE_TIMES = [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36000, 360000];
const MORE_TIMES = [2e-4, 5e-4, 2e-3, 5e-3, 0.02, 0.05, 0.2, 0.5, 2, 5, 30, 120, 300, 1800, 7200, 18000, 72000, 180000];

function decades(low, high, mantissas) {
  const found = [];
  for (let power = Math.floor(low) - 1; power <= Math.ceil(high); power += 1)
    for (const mantissa of mantissas) found.push(mantissa * 10 ** power);
  return found;
}

function binary(low, high, mantissas) {
  const found = [];
  for (let power = 0; power <= 50; power += 10)
    for (const mantissa of mantissas) found.push(mantissa * 2 ** power);
  return found;
}

function logCandidates(unit, low, high) {
  if (unit === "seconds") return [[...NICE_TIMES, ...MORE_TIMES].sort((a, b) => a - b), NICE_TIMES];
  if (unit === "bytes")
    return [binary(low, high, [1, 2, 5, 10, 20, 50, 100, 200, 500]), binary(low, high, [1, 10, 100])];
  if (unit === "fraction") return [decades(low, high, [1, 1.5, 2, 3, 5, 7]), decades(low, high, [1, 2, 5]), decades(low, high, [1])];
  return [decades(low, high, [1, 2, 5]), decades(low, high, [1, 3]), decades(low, high, [1])];
}

function logTicks(unit, [low, high], room) {
  const inside = (list) => list.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  const lists = logCandidates(unit, low, high).map(inside);
  return lists.find((list) => list.length <= room && list.length > 1) || lists[lists.length - 1];
}

function linearTicks([low, high], room, whole = false) {
  const rough = (high - low) / Math.max(1, room);
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = power * [1, 2, 5, 10].find((mantissa) => mantissa * power >= rough);
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n += 1) found.push(Number((n * step).toPrecision(12)));
  return found;
}

function trimmed(value) {
  return String(Number(value.toPrecision(3)));
}

function tickText(value, unit) {
  if (value === 0) return "0";
  if (unit === "fraction") return `${trimmed(100 * value)} %`;
  if (unit === "seconds" || unit === "bytes") {
    const units = unit === "seconds" ? TIMES : [...SIZES, [1, "B"]];
    const [size, name] = units.find(([least]) => Math.abs(value) >= least * 0.9999) || units[units.length - 1];
    return `${trimmed(value / size)} ${name}`;
  }
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(value) >= size) return `${trimmed(value / size)}${letter}`;
  return trimmed(value);
}

function ticks(unit, scaling, range, room) {
  const whole = unit === "count";
  const values = scaling.log ? logTicks(unit, range, room) : linearTicks(range, room, whole);
  const least = scaling.zero === null ? -Infinity : scaling.zero + 0.3;
  const shown = values.filter((value) => (scaling.log ? Math.log10(value) > least : value >= 0));
  const positions = shown.map(scaling.at), texts = shown.map((value) => tickText(value, unit));
  if (scaling.zero !== null) {
    positions.unshift(scaling.zero);
    texts.unshift("0");
  }
  return { positions, texts };
}
