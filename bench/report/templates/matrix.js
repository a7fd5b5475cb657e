// The confusion matrix: rows are true classes, columns what they are taken for, in one of three orders.

const ERROR_SHADES = { light: [[0, "#ffffff"], [0.33, "#fbd9bf"], [0.67, "#d55e00"], [1, "#7a3200"]], dark: [[0, "#191d21"], [0.33, "#5a3417"], [0.67, "#d9702a"], [1, "#ffd9b8"]] };
const HIT_SHADES = { light: [[0, "#eef4f9"], [0.5, "#9cc6e4"], [1, "#0072b2"]], dark: [[0, "#1c2a36"], [0.5, "#2f6e99"], [1, "#7cc4f0"]] };
const NAME_PIXELS = 11; // a row that is as high as this has room for its name
const LONGEST = 28;
const COUNTED_UP_TO = 16; // classes

function shades(pair) {
  return pair[isDark() ? "dark" : "light"];
}

function shortened(name) {
  const flat = name.replace(/\s+/g, " ");
  return plain(flat.length > LONGEST ? `${flat.slice(0, LONGEST - 1)}…` : flat);
}

// Two layers in the order asked: mistakes and hits, as shares of the true class's images; cells without images are null.
function matrixLayers(head, order) {
  const size = order.length, place = new Array(size);
  order.forEach((index, at) => { place[index] = at; });
  const filled = (value) => Array.from({ length: size }, () => new Array(size).fill(value));
  const layers = { errors: filled(null), hits: filled(null), texts: filled(""), counts: filled(""), most: 0 };
  const sums = new Array(size).fill(0);
  for (const [row, , count] of head.cells) sums[row] += count;
  for (const [row, column, count] of head.cells) {
    const share = count / sums[row], layer = row === column ? layers.hits : layers.errors;
    layer[place[row]][place[column]] = row === column ? share : Math.sqrt(share);
    if (row !== column) layers.most = Math.max(layers.most, share);
    layers.counts[place[row]][place[column]] = count.toLocaleString("en-US");
    const told = row === column ? "are right" : `are taken for <b>${plain(head.names[column])}</b>`;
    layers.texts[place[row]][place[column]] = `<b>${plain(head.names[row])}</b><br>${count.toLocaleString("en-US")} of ${sums[row].toLocaleString("en-US")} ${told} (${(100 * share).toFixed(1)} %)`;
  }
  return layers;
}

function matrixTraces(head, order) {
  const layers = matrixLayers(head, order), top = Math.sqrt(layers.most) || 1;
  const base = { type: "heatmap", showscale: false, hoverongaps: false, hovertemplate: "%{customdata}<extra></extra>", customdata: layers.texts };
  base.xgap = base.ygap = order.length < 60 ? 1 : 0;
  const counted = (cells) => (order.length > COUNTED_UP_TO ? {} : {
    text: layers.counts.map((row, i) => row.map((count, j) => (cells[i][j] === null ? "" : count))), texttemplate: "%{text}",
  });
  return [
    { ...base, ...counted(layers.errors), z: layers.errors, zmin: 0, zmax: top, colorscale: shades(ERROR_SHADES) },
    { ...base, ...counted(layers.hits), z: layers.hits, zmin: 0, zmax: 1, colorscale: shades(HIT_SHADES) },
  ];
}

// Names stand at their rows and columns where there is room for every one in view, and nowhere otherwise.
function matrixAxis(head, order, room, view) {
  const seen = view ? Math.abs(view[1] - view[0]) : order.length;
  const named = room / seen >= NAME_PIXELS;
  return {
    tickvals: named ? order.map((_, at) => at) : [], ticktext: named ? order.map((index) => shortened(head.names[index])) : [],
    tickfont: { size: Math.min(12, Math.max(8, (0.8 * room) / seen)), color: css("--ink") }, showgrid: false, zeroline: false, ticks: "",
    constrain: "domain", linecolor: css("--line-strong"), mirror: true, showline: true,
  };
}

function drawMatrix(element, head, state) {
  const order = head.orders[state.order], most = order.length - 0.5;
  const width = element.clientWidth, longest = Math.max(...head.names.map((name) => Math.min(LONGEST, name.length)));
  const beside = Math.min(0.3 * width, 16 + 6.4 * longest), room = Math.max(160, width - beside - 24);
  const named = room / order.length >= NAME_PIXELS || state.view;
  const left = named ? beside : 34, side = width - left - 14, foot = named ? beside : 34;
  const view = state.view || { x: [-0.5, most], y: [most, -0.5] };
  const title = (text) => ({ text, standoff: 6, font: { size: 12, color: css("--muted") } });
  const layout = {
    width, height: side + foot + 14, margin: { l: left, r: 14, t: 14, b: foot }, hovermode: "closest", dragmode: "zoom",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: css("--font"), color: css("--ink") }, hoverlabel: hoverLabel(),
    xaxis: { ...matrixAxis(head, order, side, view.x), range: view.x, tickangle: -90, title: named ? undefined : title("taken for") },
    yaxis: { ...matrixAxis(head, order, side, view.y), range: view.y, title: named ? undefined : title("true class") },
  };
  return Plotly.react(element, matrixTraces(head, order), layout, { displayModeBar: false, responsive: false, doubleClick: false });
}

function setUpMatrix(section, head) {
  const plot = section.querySelector(".matrix"), state = { order: section.querySelector("select").value, view: null };
  const draw = () => drawMatrix(plot, head, state);
  section.querySelector("select").addEventListener("change", (event) => { Object.assign(state, { order: event.target.value, view: null }); draw(); });
  draw();
  plot.on("plotly_relayout", (event) => {
    if (event["xaxis.range[0]"] === undefined && event["yaxis.range[0]"] === undefined) return;
    state.view = { x: [...plot.layout.xaxis.range], y: [...plot.layout.yaxis.range] };
    draw();
  });
  plot.on("plotly_doubleclick", () => { state.view = null; draw(); });
  return draw;
}
