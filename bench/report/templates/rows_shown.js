// Which rows a reader's filters leave, which of them are on the front, and what rank each has among them.

// A row's value on an axis or in a column, as a number; null where there is none.
function valueOf(board, key, i, machine) {
  const axis = DATA.axes[key];
  if (axis && axis.of) {
    const accuracy = board.values[axis.of][i];
    return accuracy === null ? null : 1 - accuracy;
  }
  const values = board.values[key], perMachine = Array.isArray(values[0]) || (axis && axis.hardware);
  return perMachine ? (values[machine] ? values[machine][i] : null) : values[i];
}

// Whether a value is a time that was measured beside other work or on a slowed machine.
function isDisturbed(board, { timed }, i, machine) {
  return Boolean(timed) && (board.disturbed[machine] || []).includes(i);
}

// A time that was disturbed carries a mark.
function showTime(board, column, i, machine) {
  const text = show(valueOf(board, column.key, i, machine), column.unit);
  return text !== DASH && isDisturbed(board, column, i, machine) ? `~${text}` : text;
}

function spreadOf(board, key, i) {
  const axis = DATA.axes[key], spreads = board.spreads[axis && axis.of ? axis.of : key];
  return spreads ? spreads[i] : null;
}

function isNamed(board, choice, i) {
  const { strategies, families } = choice;
  return (!strategies.length || strategies.includes(board.strategies[i])) && (!families.length || families.includes(board.families[i]));
}

function isWithin(board, choice, i) {
  return Object.entries(choice.limits).every(([key, limit]) => board.values[key][i] !== null && board.values[key][i] <= limit);
}

// {kept, over, front, ranks}: rows by their place, `over` those that only the budget takes away.
function rowsShown(board, choice) {
  const kept = [], over = [];
  for (let i = 0; i < board.seeds.length; i += 1) if (isNamed(board, choice, i)) (isWithin(board, choice, i) ? kept : over).push(i);
  const machine = machineOf(board, choice);
  const costOf = (i) => (isDisturbed(board, DATA.axes[choice.x], i, machine) ? null : valueOf(board, choice.x, i, machine));
  const costs = kept.map(costOf), vals = kept.map((i) => board.values.val_top1[i]);
  const front = new Set(paretoFront(costs, vals).map((place) => kept[place]));
  return { kept, over, front, ranks: ranksAmong(board, kept) };
}

// Rows come in the order of their rank, so that it is counted again; of a board whose rows are not all listed it stays.
function ranksAmong(board, kept) {
  const ranks = new Map(), vals = board.values.val_top1;
  kept.forEach((i, place) => {
    const before = kept[place - 1], tied = place > 0 && vals[before] === vals[i];
    ranks.set(i, board.density ? board.ranks[i] : tied ? ranks.get(before) : place + 1);
  });
  return ranks;
}

// Of published rows the name tells the family, or a measured row of the same backbone.
function publishedShown(board, choice) {
  const strategies = choice.strategies.map((place) => DATA.strategies[place].name);
  const backbones = new Set(board.seeds.map((_, i) => i).filter((i) => choice.families.includes(board.families[i])).map((i) => nameOf(board, i)));
  return board.published.filter((row) =>
    (!strategies.length || strategies.includes(row.method)) && (!choice.families.length || choice.families.includes(row.family) || backbones.has(row.backbone)) &&
    Object.entries(choice.limits).every(([key, limit]) => row.values[key] <= limit)); // what is not printed is not known to fit
}

function nameOf(board, i) {
  const { names, of } = board.words.backbone;
  return names[of[i]];
}

function strategyOf(board, i) {
  return DATA.strategies[board.strategies[i]].name;
}

function seedsOf(board, i) {
  const n = board.seeds[i], lost = board.lost[i];
  if (!n) return DASH;
  return lost ? `${n} of ${n + lost}` : String(n);
}

// How densely the rows lie that are not listed, as far as the filters can be followed: [{strategy, x, y, count}].
function densityShown(board, choice) {
  if (!board.density || !isShare(choice.y) || choice.families.length) return [];
  if (Object.keys(choice.limits).some((key) => key !== choice.x)) return [];
  const axis = DATA.axes[choice.x], { of } = DATA.axes[choice.y];
  const bins = board.density.bins[choice.x][axis.hardware ? machineOf(board, choice) : 0] || {};
  const limit = choice.limits[choice.x] ?? Infinity;
  return (bins[of || choice.y] || [])
    .map(([strategy, x, y, count]) => ({ strategy, x, y: of ? 1 - y : y, count }))
    .filter((bin) => bin.x <= limit && (!choice.strategies.length || choice.strategies.includes(bin.strategy)));
}
