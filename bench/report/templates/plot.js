// The Pareto plot. What is on the front was decided by bench on validation accuracy; here it is only drawn.

const MOST_LABELS = 40;
const MARGIN = { l: 56, r: 20, t: 14, b: 52 };

// The points that have both values: {i, x, y, spread, front}.
function plotPoints(board, state) {
  const axis = DATA.axes[state.x];
  const xs = axis.hardware ? board.values[state.x][state.machine] : board.values[state.x];
  const fronts = board.fronts[state.x];
  const front = new Set(fronts[axis.hardware ? state.machine : 0]);
  const points = [];
  board.names.forEach((_, i) => {
    const x = xs[i], y = board.values[state.y][i];
    if (x !== null && y !== null) points.push({ i, x, y, spread: board.spreads[state.y][i], front: front.has(i) });
  });
  return points;
}

// The published rows that print both values: never on the front, and not to be selected.
function publishedPoints(board, state) {
  return board.published
    .map((row) => ({ row, x: row.values[state.x] ?? null, y: row.values[state.y] ?? null, spread: null, front: false }))
    .filter((point) => point.x !== null && point.y !== null);
}

// The least accuracy worth showing at first: far outliers are left below, and a button says so.
function floorOf(points) {
  const ys = points.map((point) => point.y).sort((a, b) => a - b);
  const at = (share) => ys[Math.floor(share * (ys.length - 1))];
  const fence = at(0.25) - 1.5 * (at(0.75) - at(0.25));
  const frontLow = Math.min(...points.filter((point) => point.front).map((point) => point.y));
  return Math.min(frontLow, ...ys.filter((y) => y >= fence));
}

function viewOf(points, scaling, state) {
  const floor = state.all ? -Infinity : floorOf(points);
  const inView = points.filter((point) => point.y >= floor);
  const reach = inView.flatMap((point) => [point.y - (point.spread || 0), point.y + (point.spread || 0)]);
  const y = paddedRange(reach, 0.1, 0.02);
  const bottom = Math.max(y[0], -0.02);
  return {
    x: paddedRange(points.map((point) => scaling.at(point.x)), 0.08, scaling.log ? 1 : 1e-9),
    y: [bottom, Math.min(y[1], 1.02)],
    below: points.filter((point) => point.y < bottom).length,
  };
}

function hoverText(board, point, state) {
  const axis = DATA.axes[state.x], i = point.i;
  const values = ["test_top1", "val_top1"].map(
    (key) => `${DATA.axes[key].label} ${withSpread(board.values[key][i], board.spreads[key][i])}`,
  );
  const seeds = board.seeds[i] === 0 ? "an ensemble" : board.seeds[i] === 1 ? "1 seed" : `${board.seeds[i]} seeds`;
  return [
    `<b>${plain(shortName(board.names[i]))}</b>`,
    plain(DATA.strategies[board.strategies[i]].name),
    ...values,
    `${axis.label} ${show(point.x, axis.unit)}`,
    `${seeds}${point.front ? ", Pareto-optimal" : ""}`,
  ].join("<br>");
}

function strategyTraces(board, points, scaling, state) {
  const groups = DATA.strategies.map((_, strategy) => points.filter((point) => board.strategies[point.i] === strategy));
  return [...groups.entries()].filter(([, group]) => group.length).map(([strategy, group]) => {
    const colour = css(`--s${DATA.strategies[strategy].colour}`);
    const trace = {
      type: "scatter", mode: "markers", name: plain(DATA.strategies[strategy].name), showlegend: false, cliponaxis: true,
      x: group.map((point) => scaling.at(point.x)),
      y: group.map((point) => point.y),
      customdata: group.map((point) => point.i),
      text: group.map((point) => hoverText(board, point, state)),
      hovertemplate: "%{text}<extra></extra>",
      marker: {
        color: colour,
        symbol: group.map((point) => DATA.families[board.families[point.i]].mark),
        size: group.map((point) => (point.front ? 12 : 9)),
        opacity: group.map((point) => (point.front ? 1 : 0.6)),
        line: { color: css("--surface"), width: 1 },
      },
    };
    if (group.some((point) => point.spread !== null))
      trace.error_y = {
        type: "data", array: group.map((point) => point.spread || 0), color: colour, thickness: 1, width: 3,
      };
    return trace;
  });
}

function publishedTrace(points, scaling, state) {
  const axis = DATA.axes[state.x];
  return {
    type: "scatter", mode: "markers", name: "published", showlegend: false, cliponaxis: true,
    x: points.map((point) => scaling.at(point.x)), y: points.map((point) => point.y),
    text: points.map(({ row, x, y }) => [
      `<b>${plain(shortName(row.backbone))}</b>`,
      plain(row.method),
      `${DATA.axes[state.y].label} ${show(y, "fraction")} %, as printed`,
      `${axis.label} ${show(x, axis.unit)}`,
      ...row.told.map(plain),
    ].join("<br>")),
    hovertemplate: "%{text}<extra></extra>",
    marker: { symbol: "circle-open", size: 10, color: css("--muted"), line: { width: 1.8 } },
  };
}

function frontTrace(points, scaling, view) {
  const front = points.filter((point) => point.front).sort((a, b) => a.x - b.x || a.y - b.y);
  const x = front.map((point) => scaling.at(point.x)), y = front.map((point) => point.y);
  if (front.length) {
    x.push(view.x[1]);
    y.push(y[y.length - 1]);
  }
  return {
    type: "scatter", mode: "lines", x, y, hoverinfo: "skip", showlegend: false,
    line: { shape: "hv", color: css("--ink"), width: 1.5 },
  };
}

function ringTrace(points, scaling, state) {
  const chosen = points.filter((point) => point.i === state.selected);
  return {
    type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false, name: "selected",
    x: chosen.map((point) => scaling.at(point.x)), y: chosen.map((point) => point.y),
    marker: { symbol: "circle-open", size: 22, color: css("--ink"), line: { width: 2.5 } },
  };
}

function labelAnnotations(board, points, scaling, view, size) {
  const pixel = (point) => ({
    x: ((scaling.at(point.x) - view.x[0]) / (view.x[1] - view.x[0])) * size.width,
    y: (1 - (point.y - view.y[0]) / (view.y[1] - view.y[0])) * size.height,
    text: shortName(board.names[point.i]) + (size.width > 520 ? `, ${DATA.strategies[board.strategies[point.i]].name}` : ""),
  });
  const inside = (p) => p.x >= 0 && p.x <= size.width && p.y >= 0 && p.y <= size.height;
  const front = points.filter((point) => point.front).map(pixel).filter(inside);
  const others = points.filter((point) => !point.front).map(pixel).filter(inside);
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

function drawPlot(element, board, state) {
  const axis = DATA.axes[state.x], points = plotPoints(board, state), published = publishedPoints(board, state);
  const drawn = [...points, ...published];
  const scaling = scale(drawn.map((point) => point.x), state.log);
  const width = element.clientWidth, height = Math.round(Math.min(560, Math.max(340, width * (width < 700 ? 0.8 : 0.58))));
  const size = { width: width - MARGIN.l - MARGIN.r, height: height - MARGIN.t - MARGIN.b };
  const auto = drawn.length ? viewOf(drawn, scaling, state) : { x: [0, 1], y: [0, 1], below: 0 };
  const view = state.view ? { ...auto, ...state.view } : auto;
  const yScale = scale(drawn.map((point) => point.y), false);
  const layout = {
    width, height, margin: MARGIN, dragmode: "zoom", hovermode: "closest", showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: css("--font"), color: css("--ink") },
    hoverlabel: hoverLabel(),
    xaxis: axisLayout(axis.label, axis.unit, scaling, view.x, Math.max(2, Math.floor(size.width / 72))),
    yaxis: { ...axisLayout("", "fraction", yScale, view.y, Math.max(2, Math.floor(size.height / 52))) },
    annotations: labelAnnotations(board, points, scaling, view, size),
  };
  const traces = [publishedTrace(published, scaling, state), frontTrace(points, scaling, view), ...strategyTraces(board, points, scaling, state), ringTrace(points, scaling, state)];
  Plotly.react(element, traces, layout, { displayModeBar: false, responsive: false, doubleClick: false, scrollZoom: false });
  return { shown: points.length, missing: board.names.length - points.length, published: published.length, below: state.view ? 0 : auto.below };
}
