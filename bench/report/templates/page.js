// Wires the page: which board, which axes, which row; the plot and the table follow one state.

const DATA = JSON.parse(document.getElementById("data").textContent);
const ROWS_AT_FIRST = 100;
const byId = (id) => document.getElementById(id);
const state = { board: 0, x: "trainable_params", y: "test_top1", log: true, machine: 0, selected: null, all: false, view: null };
const tables = [];

function busiestMachine(board) {
  const counts = board.values.standalone_s.map((values) => values.filter((value) => value !== null).length);
  return Math.max(0, counts.indexOf(Math.max(...counts)));
}

function inSentence(label) {
  return /^[A-Z]{2}/.test(label) ? label : label[0].toLowerCase() + label.slice(1);
}

function captionText(drawn) {
  const axis = DATA.axes[state.x], board = DATA.boards[state.board];
  const parts = [
    `The line joins the Pareto-optimal rows for ${inSentence(axis.label)}: no other validates as well for less. ` +
      `Validation accuracy alone decides which they are${state.y === "test_top1" ? "; the height shown is their test accuracy" : ""}.`,
  ];
  if (board.seeds.some((n) => n > 1)) parts.push("Bars: sample standard deviation over seeds.");
  if (axis.hardware) parts.push(`Measured on ${board.machines[state.machine]}.`);
  if (drawn.published) parts.push(`Open circles (${drawn.published}): published figures as their sources print them, not measured here.`);
  if (drawn.missing) parts.push(`${drawn.missing} of ${board.names.length} rows have no such value and are not drawn.`);
  return parts.join(" ");
}

function draw() {
  const board = DATA.boards[state.board];
  const drawn = drawPlot(byId("plot"), board, state);
  byId("caption").textContent = captionText(drawn);
  byId("plot-title").textContent = `${DATA.axes[state.y].label} against ${inSentence(DATA.axes[state.x].label)}`;
  const chip = byId("out-of-view");
  chip.hidden = !drawn.below && !state.view;
  chip.textContent = state.view ? "Reset the zoom" : `${drawn.below} ${drawn.below === 1 ? "row lies" : "rows lie"} below the plot: show all`;
}

function markFront() {
  const board = DATA.boards[state.board], axis = DATA.axes[state.x];
  const front = new Set(board.fronts[state.x][axis.hardware ? state.machine : 0]);
  for (const row of tables[state.board].table.tBodies[0].rows) row.classList.toggle("pareto", front.has(Number(row.dataset.i)));
}

function showMachine() {
  const board = DATA.boards[state.board];
  if (board.machines.length < 2) return;
  const places = board.columns.map((column, place) => [column, place]).filter(([column]) => column.hardware);
  const headings = [...tables[state.board].table.tHead.rows[0].cells].map((cell) => cell.dataset.key);
  for (const row of tables[state.board].table.tBodies[0].rows)
    for (const [column] of places)
      row.cells[headings.indexOf(column.key)].textContent =
        show(board.values[column.key][state.machine][Number(row.dataset.i)], column.unit);
}

function select(index, fromPlot = false) {
  state.selected = state.selected === index && !fromPlot ? null : index;
  const { table, limit } = tables[state.board];
  for (const row of table.querySelectorAll(`tr.selected, tr[data-i="${index}"]`)) {
    const chosen = Number(row.dataset.i) === state.selected;
    row.classList.toggle("selected", chosen);
    row.querySelector("th button").setAttribute("aria-pressed", String(chosen));
    if (!chosen || !fromPlot) continue;
    if (row.hidden) limit.showAll();
    row.scrollIntoView({ block: "nearest" });
  }
  draw();
}

function showBoard(index) {
  Object.assign(state, { board: index, selected: null, all: false, view: null });
  const board = DATA.boards[index];
  state.machine = busiestMachine(board);
  document.querySelectorAll("[data-board]").forEach((part) => { part.hidden = Number(part.dataset.board) !== index; });
  const machines = byId("machine");
  machines.replaceChildren(...board.machines.map((name, place) => new Option(name, place, false, place === state.machine)));
  byId("machine-field").hidden = board.machines.length < 2;
  showMachine();
  markFront();
  draw();
}

function setUpTable(section) {
  const place = Number(section.dataset.board), board = DATA.boards[place];
  const units = Object.fromEntries(board.columns.map((column) => [column.key, column]));
  const valueOf = (row, key) => {
    const i = Number(row.dataset.i), column = units[key];
    if (key === "rank") return i;
    if (key === "seeds") return board.seeds[i];
    if (column.unit === "text") return row.cells[[...row.parentNode.parentNode.tHead.rows[0].cells].findIndex((cell) => cell.dataset.key === key)].textContent;
    return column.hardware ? board.values[key][state.machine][i] : board.values[key][i];
  };
  const table = section.querySelector("table"), limit = limitRows(table, section.querySelector(".more"), ROWS_AT_FIRST);
  makeSortable(table, valueOf, (key) => units[key] !== undefined && units[key].unit === "fraction", limit.apply);
  table.tBodies[0].addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) select(Number(row.dataset.i));
  });
  tables[place] = { table, limit };
}

function setUp() {
  document.querySelectorAll("section.board").forEach(setUpTable);
  document.documentElement.classList.remove("starting");
  byId("log").checked = state.log;
  byId("x").addEventListener("change", (event) => {
    Object.assign(state, { x: event.target.value, log: DATA.axes[event.target.value].log, view: null });
    byId("log").checked = state.log;
    markFront();
    draw();
  });
  byId("y").addEventListener("change", (event) => { Object.assign(state, { y: event.target.value, view: null, all: false }); draw(); });
  byId("log").addEventListener("change", (event) => { Object.assign(state, { log: event.target.checked, view: null }); draw(); });
  byId("machine").addEventListener("change", (event) => {
    Object.assign(state, { machine: Number(event.target.value), view: null });
    showMachine();
    markFront();
    draw();
  });
  byId("out-of-view").addEventListener("click", () => { Object.assign(state, state.view ? { view: null } : { all: true }); draw(); });
  if (byId("board")) byId("board").addEventListener("change", (event) => showBoard(Number(event.target.value)));
  showBoard(0);
  const plot = byId("plot");
  plot.on("plotly_click", (event) => { if (event.points[0].customdata !== undefined) select(event.points[0].customdata, true); });
  plot.on("plotly_relayout", (event) => {
    if (event["xaxis.range[0]"] === undefined && event["yaxis.range[0]"] === undefined) return;
    const range = (name) => [...plot.layout[name].range];
    state.view = { x: range("xaxis"), y: range("yaxis") };
    draw();
  });
  plot.on("plotly_doubleclick", () => { state.view = null; draw(); });
  let width = plot.clientWidth;
  new ResizeObserver(() => { if (plot.clientWidth !== width) { width = plot.clientWidth; draw(); } }).observe(plot);
  whenColoursChange(draw);
}

setUp();
