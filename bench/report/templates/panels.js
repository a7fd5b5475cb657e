// Draws a panel as bench.report.plots.charts describes it; bench.report.png draws the same description with matplotlib.

const STRIP_SHARE = 0.15;

function percents(axis, values) {
  return axis.percent ? values.map((value) => (value === null ? null : 100 * value)) : values;
}

function hovers(panel, series) {
  const shown = (axis, value) => (value === null ? DASH : axis.percent ? `${(100 * value).toFixed(1)} %` : Number(value.toPrecision(4)).toString());
  return series.x.map((x, i) => {
    const own = series.texts.length ? [plain(series.texts[i])] : [`${plain(panel.x.label)}: ${shown(panel.x, x)}`];
    const value = series.kind === "line" ? [`${plain(series.name)}: ${shown(panel.y, series.y[i])}`] : [];
    return [...value, ...own].join("<br>");
  });
}

function lineTrace(panel, series, base) {
  return {
    ...base, type: "scatter", mode: series.x.length > 60 ? "lines" : "lines+markers", cliponaxis: false,
    x: percents(panel.x, series.x), y: percents(panel.y, series.y),
    line: { color: base.colour, width: 2, dash: series.kind === "dashes" ? "dash" : "solid" },
    marker: { color: base.colour, size: 6, line: { color: css("--surface"), width: 1 } },
  };
}

function barTrace(panel, series, base) {
  const trace = {
    ...base, type: "bar", x: percents(panel.x, series.x), y: percents(panel.y, series.y), width: percents(panel.x, series.width),
    marker: { color: base.colour, opacity: 0.45 }, textposition: "none",
  };
  if (series.lows.length) {
    const off = (ends) => ends.map((end, i) => (panel.y.percent ? 100 : 1) * Math.abs(end - series.y[i]));
    trace.error_y = {
      type: "data", symmetric: false, array: off(series.highs), arrayminus: off(series.lows),
      color: css("--muted"), thickness: 1, width: 0,
    };
  }
  return trace;
}

function gapTrace(panel, series, base) {
  const foot = percents(panel.y, series.base);
  return {
    ...base, type: "bar", x: percents(panel.x, series.x), width: percents(panel.x, series.width), base: foot,
    y: percents(panel.y, series.y).map((top, i) => top - foot[i]), hoverinfo: "skip", hovertemplate: undefined, text: undefined,
    marker: {
      color: "rgba(0,0,0,0)", line: { color: base.colour, width: 1.2 },
      pattern: { shape: "/", fgcolor: base.colour, bgcolor: "rgba(0,0,0,0)", size: 6, solidity: 0.2 },
    },
  };
}

function stepTrace(panel, series, base) {
  const edge = (i, side) => series.x[i] + (side * series.width[i]) / 2;
  const x = series.x.flatMap((_, i) => [edge(i, -1), edge(i, 1)]), twice = (values) => values.flatMap((value) => [value, value]);
  return {
    ...base, type: "scatter", mode: "lines", x: percents(panel.x, x), y: percents(panel.y, twice(series.y)), text: twice(base.text),
    line: { color: base.colour, width: 2 }, fill: "tozeroy", fillcolor: translucent(base.colour),
  };
}

const TRACES = { line: lineTrace, dashes: lineTrace, bars: barTrace, gaps: gapTrace, steps: stepTrace };

function seriesTrace(panel, series) {
  const base = {
    name: plain(series.name), colour: css(`--${series.colour || `r-${series.role}`}`), text: hovers(panel, series), hovertemplate: "%{text}<extra></extra>",
  };
  const { colour, ...trace } = TRACES[series.kind](panel, series, base);
  return trace;
}

// #rrggbb with little ink.
function translucent(colour) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${parts.join(",")},0.22)`;
}

// `few` says that its whole numbers span so little that each has its tick.
function panelAxis(axis, few) {
  const factor = axis.percent ? 100 : 1;
  const layout = {
    title: { text: plain(axis.label), standoff: 8, font: { size: 12, color: css("--muted") } },
    type: axis.log ? "log" : "linear", ...(axis.log ? { dtick: "D2" } : {}), tickfont: { size: 12, color: css("--muted") }, gridcolor: css("--grid"),
    zeroline: false, showline: false, ticks: "", automargin: true, fixedrange: matchMedia("(pointer: coarse)").matches, nticks: 7,
  };
  if (axis.whole) Object.assign(layout, { tickformat: ",d", ...(few ? { dtick: 1 } : {}) });
  if (axis.low !== null && axis.high !== null) layout.range = [factor * axis.low, factor * axis.high];
  else if (axis.low !== null) layout.rangemode = "tozero";
  return layout;
}

const NARROW = 7;

function isNarrow(panel, way) {
  const values = panel.series.flatMap((series) => series[way]);
  return Math.max(...values) - Math.min(panel[way].low ?? Infinity, ...values) < NARROW;
}

function panelShapes(panel) {
  const shapes = [];
  if (panel.diagonal) shapes.push({ type: "line", x0: 0, y0: 0, x1: 100, y1: 100, line: { color: css("--muted"), width: 1, dash: "dash" } });
  if (panel.marked)
    shapes.push({
      type: "line", x0: panel.marked[0], x1: panel.marked[0], yref: "paper", y0: 0, y1: 1, layer: "below",
      line: { color: css("--line-strong"), width: 1.5 },
    });
  return shapes;
}

function panelNotes(panel) {
  if (!panel.marked) return [];
  const xs = panel.series[0].x, late = panel.marked[0] > (xs[0] + xs[xs.length - 1]) / 2;
  return [{
    x: panel.marked[0], yref: "paper", y: 0, yanchor: "bottom", xanchor: late ? "right" : "left", xshift: late ? -3 : 3,
    text: plain(panel.marked[1]), showarrow: false, font: { size: 12, color: css("--muted") },
  }];
}

function drawPanel(element, panel) {
  const traces = panel.series.map((series) => seriesTrace(panel, series));
  const layout = {
    height: 330, margin: { l: 52, r: 14, t: 8, b: 46 }, hovermode: "closest", barmode: "overlay", dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: css("--font"), color: css("--ink") },
    hoverlabel: hoverLabel(), xaxis: panelAxis(panel.x, isNarrow(panel, "x")), yaxis: panelAxis(panel.y, isNarrow(panel, "y")), shapes: panelShapes(panel), annotations: panelNotes(panel),
    showlegend: panel.series.length > 1, legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom", font: { size: 12 } },
  };
  if (panel.strip) {
    traces.push({ ...barTrace(panel, { ...panel.strip, lows: [] }, { name: plain(panel.strip.name) }), y: panel.strip.y, yaxis: "y2",
      marker: { color: css(`--r-${panel.strip.role}`), opacity: 0.6 }, showlegend: false, hovertemplate: "%{y:,} images<extra></extra>" });
    layout.yaxis.domain = [STRIP_SHARE + 0.05, 1];
    layout.xaxis.anchor = "y2";
    layout.yaxis2 = { domain: [0, STRIP_SHARE], showticklabels: false, showgrid: false, zeroline: false, fixedrange: true,
      title: { text: plain(panel.strip.name), standoff: 4, font: { size: 12, color: css("--muted") } } };
    layout.height = 390;
  }
  Plotly.react(element, traces, layout, { displayModeBar: false, responsive: true });
}
