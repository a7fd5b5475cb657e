// The explorer's plot. Everything is placed in positions: a value itself, or its logarithm.

const MOST_LABELS = 40;
const MANY = 1200; // rows from which marks are smaller, and spreads are left to the table
const MARGIN = { l: 56, r: 20, t: 14, b: 52 };

function pointsOf(board, choice, rows, front) {
  const machine = machineOf(board, choice), points = [];
  for (const i of rows) {
    const x = valueOf(board, choice.x, i, machine), y = valueOf(board, choice.y, i, machine);
    if (x !== null && y !== null) points.push({ i, x, y, spread: spreadOf(board, choice.y, i), front: front.has(i), disturbed: isDisturbed(board, DATA.axes[choice.x], i, machine) });
  }
  return points;
}

function publishedPoints(rows, choice) {
  const { of } = DATA.axes[choice.y];
  const height = (row) => (of ? (row.values[of] === undefined ? null : 1 - row.values[of]) : row.values[choice.y] ?? null);
  return rows.map((row) => ({ row, x: row.values[choice.x] ?? null, y: height(row), spread: null, front: false }))
    .filter((point) => point.x !== null && point.y !== null);
}

// Far outliers are left out of the view at first, and a button says so: the least accuracy that is worth showing.
function floorOf(points, accuracy) {
  const ys = points.map(accuracy).sort((a, b) => a - b);
  const at = (share) => ys[Math.floor(share * (ys.length - 1))];
  const fence = at(0.25) - 1.5 * (at(0.75) - at(0.25));
  const front = points.filter((point) => point.front).map(accuracy);
  return Math.min(...front, ...ys.filter((y) => y >= fence).slice(0, 1));
}

function viewOf(points, xs, ys, choice, all) {
  const { of } = DATA.axes[choice.y], share = isShare(choice.y), accuracy = (point) => (of ? 1 - point.y : point.y);
  const floor = all || !share ? -Infinity : floorOf(points, accuracy);
  const inView = share ? points.filter((point) => accuracy(point) >= floor) : points;
  const ends = inView.flatMap((point) => [point.y - (point.spread || 0), point.y, point.y + (point.spread || 0)]);
  const y = paddedRange(ends.filter((end) => !ys.log || end > 0 || ys.zero !== null).map((end) => ys.at(Math.max(0, end))), 0.1, ys.log ? 0.3 : 0.02);
  if (share && !ys.log) [y[0], y[1]] = [Math.max(y[0], -0.02), Math.min(y[1], 1.02)];
  const outside = points.filter((point) => ys.at(point.y) < y[0] || ys.at(point.y) > y[1]).length;
  return { x: paddedRange(points.map((point) => xs.at(point.x)), 0.08, xs.log ? 1 : 1e-9), y, outside };
}

function errorBars(group, ys, colour) {
  const up = group.map(({ y, spread }) => ys.at(y + (spread || 0)) - ys.at(y));
  const down = group.map(({ y, spread }) => ys.at(y) - (y - (spread || 0) > 0 || !ys.log ? ys.at(y - (spread || 0)) : ys.zero ?? ys.at(y) - 1));
  return { type: "data", symmetric: false, array: up, arrayminus: down, color: colour, thickness: 1, width: 3 };
}

function marks(points, xs, ys, more) {
  return {
    type: "scatter", mode: "markers", showlegend: false, cliponaxis: true, hoverinfo: "none",
    x: points.map((point) => xs.at(point.x)), y: points.map((point) => ys.at(point.y)), ...more,
  };
}

function strategyTraces(board, points, xs, ys) {
  const many = points.length > MANY, groups = new Map();
  for (const point of points) {
    const strategy = board.strategies[point.i];
    if (!groups.has(strategy)) groups.set(strategy, []);
    groups.get(strategy).push(point);
  }
  return [...groups.keys()].sort((a, b) => a - b).map((strategy) => {
    const group = groups.get(strategy), colour = css(`--s${DATA.strategies[strategy].colour}`);
    const trace = marks(group, xs, ys, {
      name: plain(DATA.strategies[strategy].name), customdata: group.map((point) => point.i),
      marker: {
        color: colour, symbol: group.map((point) => DATA.families[board.families[point.i]].mark),
        size: group.map((point) => (point.front ? 12 : many ? 5 : 9)), opacity: group.map((point) => (point.front ? 1 : point.disturbed ? 0.25 : 0.6)),
        line: { color: css("--surface"), width: many ? 0 : 1 },
      },
    });
    if (!many && group.some((point) => point.spread !== null)) trace.error_y = errorBars(group, ys, colour);
    return trace;
  });
}

// What the budget takes away stays as a shadow: what would be there for more.
function overTrace(points, xs, ys) {
  return marks(points, xs, ys, { name: "over the budget", marker: { color: css("--muted"), size: 5, opacity: 0.25 } });
}

function publishedTrace(points, xs, ys) {
  return marks(points, xs, ys, {
    name: "published", meta: points.map((point) => point.row),
    marker: { symbol: "circle-open", size: 10, color: css("--muted"), line: { width: 1.8 } },
  });
}

function densityTrace(bins, xs, ys) {
  const most = bins.reduce((a, bin) => Math.max(a, bin.count), 1);
  return marks(bins, xs, ys, {
    name: "not listed", meta: bins,
    marker: {
      symbol: "square", size: 9, color: bins.map((bin) => css(`--s${DATA.strategies[bin.strategy].colour}`)),
      opacity: bins.map((bin) => 0.08 + (0.35 * Math.log1p(bin.count)) / Math.log1p(most)),
    },
  });
}

function frontTrace(points, xs, ys, view, choice) {
  const front = isShare(choice.y) ? points.filter((point) => point.front).sort((a, b) => a.x - b.x || b.y - a.y) : [];
  const x = front.map((point) => xs.at(point.x)), y = front.map((point) => ys.at(point.y));
  if (front.length) {
    const limit = choice.limits[choice.x]; // beyond the budget there is no front
    x.push(limit === undefined ? view.x[1] : Math.max(x[x.length - 1], Math.min(view.x[1], xs.at(limit))));
    y.push(y[y.length - 1]);
  }
  return {
    type: "scatter", mode: "lines", x, y, hoverinfo: "skip", showlegend: false, name: "front",
    line: { shape: "hv", color: css("--ink"), width: 1.5 },
  };
}

// Where a point lies in the plot area, in pixels from its upper left corner.
function pixelOf(drawn, x, y) {
  const { xs, ys, view, size } = drawn;
  return {
    x: ((xs.at(x) - view.x[0]) / (view.x[1] - view.x[0])) * size.width,
    y: (1 - (ys.at(y) - view.y[0]) / (view.y[1] - view.y[0])) * size.height,
  };
}

function labelAnnotations(board, points, drawn) {
  const { size } = drawn;
  const pixel = (point) => ({
    ...pixelOf(drawn, point.x, point.y),
    text: nameOf(board, point.i) + (size.width > 520 ? `, ${strategyOf(board, point.i)}` : ""),
  });
  const inside = (p) => p.x >= 0 && p.x <= size.width && p.y >= 0 && p.y <= size.height;
  const front = points.filter((point) => point.front).map(pixel).filter(inside);
  const others = points.length > MANY ? [] : points.filter((point) => !point.front).map(pixel).filter(inside);
  const placed = placeLabels(front.slice(0, MOST_LABELS), others, size.width, size.height, css("--font"));
  return placed.map(({ index, box }) => ({
    text: plain(front[index].text), showarrow: false, xref: "paper", yref: "paper",
    x: (box.left + 2) / size.width, y: 1 - (box.top + LABEL_HEIGHT / 2) / size.height,
    xanchor: "left", yanchor: "middle", align: "left", borderpad: 1, bgcolor: css("--surface"),
    font: { size: LABEL_FONT, color: css("--ink") },
  }));
}

function axisLayout(title, unit, scaling, range, room) {
  const { positions, texts } = ticks(unit, scaling, range, room);
  return {
    title: { text: title, standoff: 10, font: { size: 13, color: css("--muted") } },
    type: "linear", range, tickvals: positions, ticktext: texts, tickfont: { size: 12, color: css("--muted") },
    gridcolor: css("--grid"), gridwidth: 1, zeroline: false, showline: false, ticks: "", automargin: false,
    fixedrange: matchMedia("(pointer: coarse)").matches,
  };
}

function sizeOf(element) {
  const width = element.clientWidth, height = Math.round(Math.min(560, Math.max(340, width * (width < 700 ? 0.8 : 0.58))));
  return { width, height, inner: { width: width - MARGIN.l - MARGIN.r, height: height - MARGIN.t - MARGIN.b } };
}

// Draws the rows of `shown`, with `zoom` the part that a reader has zoomed to, and returns what it drew and where.
function drawPlot(element, board, choice, shown, zoom, all) {
  const points = pointsOf(board, choice, shown.kept, shown.front), over = pointsOf(board, choice, shown.over, shown.front);
  const published = publishedPoints(publishedShown(board, choice), choice), bins = densityShown(board, choice);
  const placed = [...points, ...over, ...published, ...bins];
  const xs = scale(placed.map((point) => point.x), isLog(choice, "x")), ys = scale(placed.map((point) => point.y), isLog(choice, "y"));
  const { width, height, inner } = sizeOf(element), ranged = placed.length ? placed : [{ x: 1, y: 0.5 }];
  const auto = viewOf(ranged, xs, ys, choice, all), view = zoom ? { ...auto, ...zoom } : auto;
  const drawn = { xs, ys, view, size: inner, points, published, bins, outside: zoom ? 0 : auto.outside };
  const { label, unit } = DATA.axes[choice.x], up = DATA.axes[choice.y];
  const layout = {
    width, height, margin: MARGIN, dragmode: "zoom", hovermode: "closest", showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: css("--font"), color: css("--ink") },
    xaxis: axisLayout(label, unit, xs, view.x, Math.max(2, Math.floor(inner.width / 72))),
    yaxis: axisLayout("", up.unit, ys, view.y, Math.max(2, Math.floor(inner.height / 52))),
    annotations: labelAnnotations(board, points, drawn),
  };
  const traces = [
    densityTrace(bins, xs, ys), overTrace(over, xs, ys), publishedTrace(published, xs, ys),
    frontTrace(points, xs, ys, view, choice), ...strategyTraces(board, points, xs, ys),
  ];
  Plotly.react(element, traces, layout, { displayModeBar: false, responsive: false, doubleClick: false, scrollZoom: false });
  return drawn;
}
