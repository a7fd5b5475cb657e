// Numbers as bench.report.units writes them, to the last digit.

const DASH = "–";
const EXACT = 40; // digits after which a half is a half

// Like Python's format: the exact value of the number is rounded, and a half goes to the even neighbour.
function fixed(value, digits) {
  const long = value.toFixed(digits + EXACT), rest = long.slice(long.length - EXACT);
  const down = long.slice(0, long.length - EXACT).replace(/\.$/, "");
  const half = /^50*$/.test(rest) && Number(down[down.length - 1]) % 2 === 0;
  return half ? down : value.toFixed(digits);
}

function separated(text) {
  return text.replace(/^(-?)(\d+)/, (_, sign, whole) => sign + whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

function scaled(value, units) {
  const [factor, name] = units.find(([size]) => Math.abs(value) >= size) || units[units.length - 1];
  const digits = Math.max(0, 3 - fixed(Math.abs(value / factor), 0).length);
  return `${fixed(value / factor, digits)} ${name}`;
}

const TIMES = [[3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"]];
const SIZES = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];

const WRITERS = {
  fraction: (value) => fixed(100 * value, 1),
  gmacs: (value) => separated(fixed(value, 3)),
  seconds: (value) => scaled(value, TIMES),
  bytes: (value) => (Math.abs(value) >= 1024 ? scaled(value, SIZES) : `${fixed(value, 0)} B`),
  loss: (value) => fixed(value, 3),
};

function show(value, unit) {
  if (value === null || value === undefined) return DASH;
  const write = WRITERS[unit] || ((number) => separated(fixed(number, Number.isInteger(number) ? 0 : 1)));
  return write(value);
}

function showSpread(mean, spread, unit) {
  return mean === null || spread === null || spread === undefined ? show(mean, unit) : `${show(mean, unit)} ± ${show(spread, unit)}`;
}

// A number in three digits: `128k`, `4.26M`.
function short(value) {
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${letter}`;
  return String(Number(value.toPrecision(3)));
}

// plotly reads a little HTML in its texts: names must not be HTML.
function plain(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function shortName(name) {
  return name.replace(/^timm\//, "");
}
