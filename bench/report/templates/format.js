// Numbers as bench.report.units writes them.

const DASH = "–";

function scaled(value, units) {
  const [factor, name] = units.find(([size]) => Math.abs(value) >= size) || units[units.length - 1];
  const digits = Math.max(0, 3 - Math.abs(value / factor).toFixed(0).length);
  return `${(value / factor).toFixed(digits)} ${name}`;
}

const TIMES = [[3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"]];
const SIZES = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];

const WRITERS = {
  fraction: (value) => (100 * value).toFixed(1),
  gmacs: (value) => value.toLocaleString("en-US", { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
  seconds: (value) => scaled(value, TIMES),
  bytes: (value) => (Math.abs(value) >= 1024 ? scaled(value, SIZES) : `${value.toFixed(0)} B`),
};

function show(value, unit) {
  if (value === null || value === undefined) return DASH;
  const write = WRITERS[unit] || ((number) => number.toLocaleString("en-US", { maximumFractionDigits: 1 }));
  return write(value);
}

function withSpread(mean, spread) {
  if (mean === null) return DASH;
  return spread === null ? `${show(mean, "fraction")} %` : `${show(mean, "fraction")} ± ${show(spread, "fraction")} %`;
}

// plotly reads a little HTML in its texts: names must not be HTML.
function plain(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function shortName(name) {
  return name.replace(/^timm\//, "");
}
