// Draws attempts over time as bench.report.sweeps.timeline lays them out: a bar each, a group of rows for each process.

const STATUS_ORDER = ["done", "pruned", "failed", "diverged", "interrupted", "running"];
const STATUS_PATTERN = { failed: "/", diverged: "\\", interrupted: "." };
const TIME_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400];

function timeTicks(length, room) {
  const step = TIME_STEPS.find((seconds) => length / seconds <= room) || 86400 * Math.ceil(length / 86400 / room);
  const found = [];
  for (let at = 0; at <= length; at += step) found.push(Number(at.toPrecision(12)));
  return found;
}

function statusTrace(data, status) {
  const places = data.statuses.flatMap((one, i) => (one === status ? [i] : [])), colour = css(`--st-${status}`);
  const pattern = STATUS_PATTERN[status];
  return {
    type: "bar", orientation: "h", name: status, width: 0.76, hovertemplate: "%{text}<extra></extra>", textposition: "none",
    base: places.map((i) => data.left[i]), x: places.map((i) => data.right[i] - data.left[i]), y: places.map((i) => data.lanes[i]),
    text: places.map((i) => plain(data.told[i])),
    marker: {
      color: colour, line: { color: pattern ? colour : css("--surface"), width: 1 },
      pattern: pattern ? { shape: pattern, fgcolor: colour, bgcolor: css("--surface"), size: 5, solidity: 0.5 } : {},
    },
  };
}

function pauseMarks(data) {
  const line = { color: css("--line-strong"), width: 1, dash: "dot" };
  return {
    shapes: data.pauses.map(([at]) => ({ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line })),
    annotations: data.pauses.slice(0, 8).map(([at, told]) => ({
      x: at, yref: "paper", y: 1, yanchor: "bottom", text: `${plain(told)} pause`, showarrow: false, font: { size: 11, color: css("--muted") },
    })),
  };
}

// The middle of each process's rows; with many processes only as many names as there is room for.
function workerTicks(data, height) {
  const every = Math.max(1, Math.ceil((data.workers.length * 16) / height));
  const ends = [...data.firsts.slice(1), data.count];
  const places = data.firsts.map((first, i) => (first + ends[i] - 1) / 2);
  return { tickvals: places.filter((_, i) => i % every === 0), ticktext: data.workers.filter((_, i) => i % every === 0).map(plain) };
}

function drawTimeline(element, data) {
  const height = Math.min(110 + 26 * data.count, 560), room = Math.max(2, Math.floor(element.clientWidth / 90));
  const values = timeTicks(data.length, room), font = { size: 12, color: css("--muted") };
  const statuses = STATUS_ORDER.filter((status) => data.statuses.includes(status));
  Plotly.react(element, statuses.map((status) => statusTrace(data, status)), {
    height, margin: { l: 8, r: 14, t: 34, b: 46 }, barmode: "overlay", hovermode: "closest", dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: css("--font"), color: css("--ink") }, hoverlabel: hoverLabel(),
    xaxis: {
      title: { text: data.pauses.length ? "Since the first attempt, long pauses cut out" : "Since the first attempt", standoff: 8, font },
      range: [0, data.length || 1], tickvals: values, ticktext: values.map((value) => tickText(value, "seconds")),
      tickfont: font, gridcolor: css("--grid"), zeroline: false, fixedrange: true,
    },
    yaxis: {
      ...workerTicks(data, height - 80), range: [data.count - 0.4, -0.6], tickfont: font, showgrid: false, zeroline: false,
      automargin: true, fixedrange: true, ticks: "",
    },
    showlegend: statuses.length > 1, legend: { orientation: "h", x: 0, y: -46 / (height - 80), yanchor: "top", font: { size: 12 } },
    ...pauseMarks(data),
  }, { displayModeBar: false, responsive: true });
}
