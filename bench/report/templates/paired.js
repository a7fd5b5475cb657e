// Two classifiers on the same images, as bench.report.look.paired has it: McNemar's test, and the interval of the difference
// when the images are drawn anew in pairs. Here that interval is exact, there it comes from 20,000 draws.

const LEVEL = 0.05;
const WIDEST = 4e6; // pairs of counts that are summed; beyond, the sum is normal to all digits shown
const REACH = 7; // standard deviations
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

// The counts that a multinomial draw may reach of `seen` in n, but for what never happens.
function reached(seen, n) {
  const far = REACH * Math.sqrt(seen * (1 - seen / n)) + (seen > 0 && seen < n ? REACH : 0);
  return [Math.max(0, Math.floor(seen - far)), Math.min(n, Math.ceil(seen + far))];
}

function timesLog(count, share) {
  return count === 0 ? 0 : count * Math.log(share);
}

// The chances of every difference of the two counts, from `least` on.
function differenceChances(onlyFirst, onlySecond, n) {
  const logs = logFactorials(n), same = n - onlyFirst - onlySecond;
  const [low, high] = reached(onlyFirst, n), [lowest, highest] = reached(onlySecond, n);
  const chances = new Float64Array(high - lowest - (low - highest) + 1);
  for (let i = low; i <= high; i += 1) {
    const first = logs[n] - logs[i] + timesLog(i, onlyFirst / n);
    for (let j = lowest; j <= Math.min(highest, n - i); j += 1) {
      const rest = n - i - j;
      const log = first - logs[j] - logs[rest] + timesLog(j, onlySecond / n) + timesLog(rest, same / n);
      chances[i - j - (low - highest)] += Math.exp(log);
    }
  }
  return { least: low - highest, chances };
}

function quantile({ least, chances }, share) {
  let sum = 0;
  for (let at = 0; at < chances.length; at += 1) {
    sum += chances[at];
    if (sum >= share) return least + at;
  }
  return least + chances.length - 1;
}

// The 95 % interval of the difference in accuracy; nulls without images.
function differenceInterval(onlyFirst, onlySecond, n) {
  if (n === 0) return [null, null];
  const wide = (seen) => reached(seen, n)[1] - reached(seen, n)[0] + 1;
  if (wide(onlyFirst) * wide(onlySecond) > WIDEST) {
    const mean = (onlyFirst - onlySecond) / n, spread = Math.sqrt(((onlyFirst + onlySecond) / n - mean * mean) / n);
    return [mean - NORMAL * spread, mean + NORMAL * spread];
  }
  const drawn = differenceChances(onlyFirst, onlySecond, n);
  return [quantile(drawn, LEVEL / 2) / n, quantile(drawn, 1 - LEVEL / 2) / n];
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
  const [low, high] = differenceInterval(onlyFirst, onlySecond, n);
  return {
    n, both, onlyFirst, onlySecond, neither: n - both - onlyFirst - onlySecond,
    difference: n ? (onlyFirst - onlySecond) / n : null, low, high, ...mcnemar(onlyFirst, onlySecond),
  };
}
