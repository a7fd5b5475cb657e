// The front as bench.report.board.pareto decides it: the rows that no other beats in one cost, less is better, and one
// value, more is better. Rows that are equal in both stand or fall together; a row without either is never on it.

function paretoFront(costs, values) {
  const known = [...costs.keys()].filter((i) => Number.isFinite(costs[i]) && Number.isFinite(values[i]));
  known.sort((a, b) => costs[a] - costs[b] || values[b] - values[a] || a - b);
  const front = [];
  for (const i of known) {
    const last = front[front.length - 1];
    if (last === undefined || values[i] > values[last] || (costs[i] === costs[last] && values[i] === values[last])) front.push(i);
  }
  return front.sort((a, b) => a - b);
}
