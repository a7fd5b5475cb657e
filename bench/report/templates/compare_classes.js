// Which classes the runs score differently: a row of points for each of those that differ most, and a table of all.

const CLASSES_DRAWN = 24;
const CLASS_ROWS_AT_FIRST = CLASSES_DRAWN;
const CLASS_MARKS = ["circle", "square", "diamond", "triangle-up", "cross"];

// {name, support, values, spread} for each class, the largest difference first; values are null where a run has none.
function classRows(heads, key) {
  const scores = heads.map((head) => new Map(head.scores.map((score) => [score.index, score])));
  const rows = heads[0].names.map((name, index) => {
    const own = scores.map((of) => of.get(index)), values = own.map((score) => score[key]);
    const known = values.filter((value) => value !== null);
    return { name, index, support: own[0].support, values, spread: known.length > 1 ? Math.max(...known) - Math.min(...known) : null };
  });
  return rows.sort((a, b) => (b.spread ?? -1) - (a.spread ?? -1) || a.index - b.index);
}

function rodsTrace(rows) {
  const ends = rows.map((row) => row.values.filter((value) => value !== null));
  return {
    type: "scatter", mode: "lines", hoverinfo: "skip", showlegend: false, line: { color: css("--line-strong"), width: 2 },
    x: ends.flatMap((values) => [100 * Math.min(...values), 100 * Math.max(...values), null]), y: rows.flatMap((_, at) => [at, at, null]),
  };
}

function pointsTrace(rows, letter, place, label) {
  return {
    type: "scatter", mode: "markers", name: letter, x: rows.map((row) => (row.values[place] === null ? null : 100 * row.values[place])), y: rows.map((_, at) => at),
    marker: { color: css(`--s${place}`), symbol: CLASS_MARKS[place], size: 10, line: { color: css("--surface"), width: 1 } },
    text: rows.map((row) => `${plain(row.name)}<br>${letter}: ${label} ${show(row.values[place], "fraction")} %, ${counted(row.support, "image")}`),
    hovertemplate: "%{text}<extra></extra>",
  };
}

// The scores from a little below the least to 100, so that close ones lie apart.
function scoreRange(rows) {
  const least = Math.min(100, ...rows.flatMap((row) => row.values.filter((value) => value !== null).map((value) => 100 * value)));
  const floor = Math.max(0, 10 * Math.floor((least - 4) / 10)), margin = 0.02 * (100 - floor);
  return [floor - margin, 100 + margin];
}

function classesLayout(rows, label) {
  const muted = { size: 12, color: css("--muted") }, cut = (name) => plain(name.length > 26 ? `${name.slice(0, 25)}…` : name).replace(/\s+/g, " ");
  return {
    height: 74 + 25 * rows.length, margin: { l: 10, r: 14, t: 8, b: 44 }, hovermode: "closest", dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: css("--font"), color: css("--ink") }, hoverlabel: hoverLabel(),
    xaxis: { title: { text: `${label} (%)`, standoff: 8, font: muted }, tickfont: muted, gridcolor: css("--grid"), zeroline: false, range: scoreRange(rows), fixedrange: true },
    yaxis: { tickvals: rows.map((_, at) => at), ticktext: rows.map((row) => cut(row.name)), range: [rows.length - 0.4, -0.6], automargin: true, tickfont: { size: 12, color: css("--ink") }, showgrid: false, zeroline: false, fixedrange: true },
    showlegend: true, legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom", font: { size: 12 } },
  };
}

function drawClasses(rows, letters, label) {
  const drawn = rows.filter((row) => row.spread !== null).slice(0, CLASSES_DRAWN);
  const traces = [rodsTrace(drawn), ...letters.map((letter, place) => pointsTrace(drawn, letter.text, letter.place, label, place))];
  Plotly.react(document.getElementById("classes-plot"), traces, classesLayout(drawn, label), { displayModeBar: false, responsive: true });
  return drawn.length;
}

function classesTable(rows, letters) {
  const table = document.getElementById("classes-table"), more = document.getElementById("classes-more").cloneNode();
  document.getElementById("classes-more").replaceWith(more);
  const sorted = (text, key, number) => ({ text: element("button", { type: "button" }, text), key, number });
  const headings = [sorted("class", "name", false), sorted("images", "support", true), ...letters.map((letter, at) => sorted(letter.text, String(at), true)), sorted("spread", "spread", true)];
  const cells = rows.map((row) => [
    { text: row.name, kind: "wraps" }, { text: row.support.toLocaleString("en-US"), number: true },
    ...letters.map(({ place }) => ({ text: show(row.values[place], "fraction"), number: true })), { text: show(row.spread, "fraction"), number: true },
  ]);
  fillTable(table, headings, cells);
  [...table.tHead.rows[0].cells].forEach((cell, at) => { cell.dataset.key = headings[at].key; });
  table.tHead.rows[0].cells[headings.length - 1].setAttribute("aria-sort", "descending");
  [...table.tBodies[0].rows].forEach((row, at) => { row.dataset.i = at; });
  const valueOf = (row, key) => { const own = rows[Number(row.dataset.i)]; return key in own ? own[key] : own.values[letters[Number(key)].place]; };
  makeSortable(table, valueOf, (key) => key !== "name", limitRows(table, more, CLASS_ROWS_AT_FIRST).apply);
}

// `letters` are {text, place}: what a run is called, and its place among the colours.
function showClasses(heads, letters, key, label) {
  const rows = classRows(heads, key).map((row) => ({ ...row, values: spreadOut(row.values, letters) }));
  const drawn = drawClasses(rows, letters, label);
  classesTable(rows, letters);
  const which = drawn < rows.length ? `The ${drawn} of ${counted(rows.length, "class", "classes")} whose ${label} differs most. ` : "";
  document.getElementById("classes-note").textContent = `${which}Of few images in a class, some scores differ much by chance alone.`;
}

// Values by the places of their runs' colours.
function spreadOut(values, letters) {
  const out = [];
  letters.forEach(({ place }, at) => { out[place] = values[at]; });
  return Array.from({ length: Math.max(...letters.map(({ place }) => place)) + 1 }, (_, place) => out[place] ?? null);
}
