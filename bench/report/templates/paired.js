// Two classifiers on the same images, as bench.report.look.paired has it: McNemar's test, and Newcombe's interval of the difference.

const LEVEL = 0.05;
const NORMAL = 1.959963984540054;
let factorials = new Float64Array(1);

// log(0!), ..., log(n!): sums of logarithms, which never overflow.
function logFactorials(n) {
  if (factorials.length <= n) {
    const longer = new Float64Array(Math.max(n + 1, 2 * factorials.length));
    for (let k = 1; k < longer.length; k += 1) longer[k] = longer[k - 1] + Math.log(k);
    factorials = longer;
  }
  return factorials;
}

// The two-sided exact p-value and the mid-p (Fagerland et al. 2013); 1 where they never differ.
function mcnemar(onlyFirst, onlySecond) {
  const discordant = onlyFirst + onlySecond, fewer = Math.min(onlyFirst, onlySecond), logs = logFactorials(discordant);
  const chance = (k) => Math.exp(logs[discordant] - logs[k] - logs[discordant - k] - discordant * Math.LN2);
  let tail = 0;
  for (let k = 0; k <= fewer; k += 1) tail += chance(k);
  return { exact: Math.min(1, 2 * tail), mid: Math.min(1, 2 * tail - chance(fewer)) };
}

// Wilson's 95 % score interval of a share of n.
function wilson(share, n) {
  const square = NORMAL * NORMAL, scale = 1 + square / n, centre = (share + square / (2 * n)) / scale;
  const half = NORMAL / scale * Math.sqrt(share * (1 - share) / n + square / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

// The correlation of who is right, towards 0 by n / 2 when it is positive; 0 when one never varies.
function correlation(both, onlyFirst, onlySecond, neither) {
  const rows = (both + onlyFirst) * (onlySecond + neither), columns = (both + onlySecond) * (onlyFirst + neither);
  if (rows === 0 || columns === 0) return 0;
  let product = both * neither - onlyFirst * onlySecond;
  if (product > 0) product = Math.max(0, product - (both + onlyFirst + onlySecond + neither) / 2);
  return product / Math.sqrt(rows * columns);
}

// The 95 % interval of the difference in accuracy (Newcombe 1998, method 10); nulls without images.
function differenceInterval(both, onlyFirst, onlySecond, neither) {
  const n = both + onlyFirst + onlySecond + neither;
  if (n === 0) return [null, null];
  const first = (both + onlyFirst) / n, second = (both + onlySecond) / n, phi = correlation(both, onlyFirst, onlySecond, neither);
  const [firstLow, firstHigh] = wilson(first, n), [secondLow, secondHigh] = wilson(second, n);
  const added = (one, other) => Math.sqrt(Math.max(0, one * one - 2 * phi * one * other + other * other));
  return [first - second - added(first - firstLow, secondHigh - second), first - second + added(firstHigh - first, second - secondLow)];
}

// `first` and `second` say of each image 1 for right and 0 for wrong.
function pairedTest(first, second) {
  const n = first.length;
  let both = 0, onlyFirst = 0, onlySecond = 0;
  for (let i = 0; i < n; i += 1) {
    both += first[i] & second[i];
    onlyFirst += first[i] & ~second[i];
    onlySecond += second[i] & ~first[i];
  }
  const neither = n - both - onlyFirst - onlySecond, [low, high] = differenceInterval(both, onlyFirst, onlySecond, neither);
  return {
    n, both, onlyFirst, onlySecond, neither,
    difference: n ? (onlyFirst - onlySecond) / n : null, low, high, ...mcnemar(onlyFirst, onlySecond),
  };
}
