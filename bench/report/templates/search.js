// Draws a search: what each trial was worth, and the best so far.

function drawSearch(element, data) {
  const factor = data.percent ? 100 : 1, font = { size: 12, color: css("--muted") };
  const values = (list) => list.map((value) => (value === null ? null : factor * value));
  const shown = (value) => (value === null ? DASH : data.percent ? `${(100 * value).toFixed(1)} %` : value.toPrecision(4));
  const label = plain(data.metric) + (data.percent ? " (%)" : "");
  const trials = {
    type: "scatter", mode: "markers", name: "trial", x: data.numbers, y: values(data.values), cliponaxis: false,
    marker: { color: css("--r-muted"), size: 8, symbol: "circle-open", line: { width: 1.6 } },
    text: data.values.map((value, i) => `trial ${data.numbers[i]}: ${shown(value)}`), hovertemplate: "%{text}<extra></extra>",
  };
  const best = {
    type: "scatter", mode: "lines", name: "best so far", x: data.numbers, y: values(data.best), hoverinfo: "skip",
    line: { color: css("--r-val"), width: 2, shape: "hv" },
  };
  const axis = { tickfont: font, gridcolor: css("--grid"), zeroline: false, automargin: true, fixedrange: true };
  Plotly.react(element, [best, trials], {
    height: 300, margin: { l: 52, r: 14, t: 8, b: 46 }, hovermode: "closest", dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: css("--font"), color: css("--ink") }, hoverlabel: hoverLabel(),
    xaxis: { ...axis, title: { text: "Trial", standoff: 8, font }, tickformat: ",d", tick0: 0, dtick: Math.max(1, Math.ceil(data.numbers.length / 8)) },
    yaxis: { ...axis, title: { text: label, standoff: 8, font } },
    legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom", font: { size: 12 } },
  }, { displayModeBar: false, responsive: true });
}
