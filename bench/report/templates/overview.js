// Wires the overview: what a reader chooses is in `choice` and in the address, and plot and table follow it.

let choice = readChoice(location.hash);
const byId = (id) => document.getElementById(id);
const page = { shown: null, drawn: null, order: [], selected: null, picked: new Set(), zoom: null, all: false, listed: ROWS_AT_FIRST, held: null };
const boardOf = () => DATA.boards[choice.board];

function inSentence(label) {
  return /^[A-Z]{2}/.test(label) ? label : label[0].toLowerCase() + label.slice(1);
}

function counted(n, word) {
  return `${n.toLocaleString("en-US")} ${word}${n === 1 ? "" : "s"}`;
}

// Takes over a change of the choice and says it in the address: as a step to go back to, or in place of the last one.
function choose(change, how = "pushState") {
  if (change.board !== undefined && change.board !== choice.board) forgetBoard();
  choice = { ...choice, ...change };
  const text = writeChoice(choice);
  history[how](null, "", text ? `#${text}` : location.href.split("#")[0]);
  refresh();
}

function forgetBoard() {
  Object.assign(page, { selected: null, zoom: null, all: false, listed: ROWS_AT_FIRST });
  page.picked.clear();
}

function captionText(board) {
  const axis = DATA.axes[choice.x], { drawn } = page, parts = [];
  if (isShare(choice.y))
    parts.push(
      `The line joins the Pareto-optimal rows for ${inSentence(axis.label)}: no other validates as well for less. ` +
        `Validation accuracy alone decides which they are${/^test/.test(choice.y) ? "; the height shown is from test" : ""}.`);
  if (board.seeds.some((n) => n > 1) && isShare(choice.y) && drawn.points.length <= MANY) parts.push("Bars: sample standard deviation over seeds.");
  if (axis.hardware || DATA.axes[choice.y].hardware) parts.push(`Measured on ${board.machines[machineOf(board, choice)]}.`);
  const disturbed = drawn.points.filter((point) => point.disturbed).length;
  if (disturbed) parts.push(`Faint: ${counted(disturbed, "row")} timed beside other work or on a slowed machine, on no front.`);
  if (page.shown.over.length) parts.push(`Faint: ${counted(page.shown.over.length, "row")} over the budget.`);
  if (drawn.published.length) parts.push(`Open circles (${drawn.published.length}): published figures as their sources print them, not measured here.`);
  const missing = page.shown.kept.length - drawn.points.length;
  if (missing) parts.push(`${counted(missing, "row")} of ${page.shown.kept.length.toLocaleString("en-US")} ${missing === 1 ? "has" : "have"} no such value.`);
  if (board.density)
    parts.push(drawn.bins.length ? `Squares: how densely the ${counted(board.density.rows, "row")} lie that are not listed.` : "The rows that are not listed are left out: filtered like this, where they lie is not known.");
  return parts.join(" ");
}

function shownText(board) {
  const { kept, ranks } = page.shown, all = board.seeds.length;
  const rows = kept.length === all ? counted(all, "row") : `${kept.length.toLocaleString("en-US")} of ${counted(all, "row")}`;
  const listed = board.density ? ` listed of ${board.rows.toLocaleString("en-US")}` : "";
  if (kept.length === all) return `${rows}${listed}.`;
  if (!kept.length) return `${rows}${listed}: nothing is left by these filters.`;
  const best = kept.reduce((a, i) => (ranks.get(i) < ranks.get(a) ? i : a));
  return `${rows}${listed}. Best of them on validation: ${nameOf(board, best)}, ${strategyOf(board, best)} (${show(board.values.val_top1[best], "fraction")} %).`;
}

function draw() {
  const board = boardOf();
  page.drawn = drawPlot(byId("plot"), board, choice, page.shown, page.zoom, page.all);
  byId("caption").textContent = captionText(board);
  byId("plot-title").textContent = `${DATA.axes[choice.y].label} against ${inSentence(DATA.axes[choice.x].label)}`;
  const chip = byId("out-of-view"), { outside } = page.drawn;
  chip.hidden = !outside && !page.zoom;
  chip.textContent = page.zoom ? "Reset the zoom" : `${counted(outside, "row")} ${outside === 1 ? "lies" : "lie"} outside the plot: show all`;
  placeLine(byId("line"), page.held ? page.held.drawn : page.drawn, choice.x, choice.limits[choice.x]);
  placeRing(byId("ring"), page, page.selected);
  byId("tip").hidden = true;
}

function list() {
  page.order = showTable(byId("table"), byId("more"), boardOf(), choice, page);
}

// Finds out what is shown, and says it everywhere but in plot and table.
function prepare() {
  const board = boardOf();
  page.shown = rowsShown(board, choice);
  if (page.selected !== null && !page.shown.kept.includes(page.selected)) page.selected = null;
  showControls(board);
  byId("shown").textContent = shownText(board);
  showCard(byId("card"), board, choice, page);
  if (DATA.compare) showPicked(byId("compare"), board, page);
}

function refresh() {
  prepare();
  draw();
  list();
}

function select(i, fromPlot = false) {
  const before = page.selected;
  page.selected = before === i && !fromPlot ? null : i;
  for (const row of byId("table").tBodies[0].querySelectorAll(`tr.selected, tr[data-i="${i}"]`)) {
    const chosen = Number(row.dataset.i) === page.selected;
    row.classList.toggle("selected", chosen);
    row.querySelector("th button").setAttribute("aria-pressed", String(chosen));
  }
  placeRing(byId("ring"), page, page.selected);
  showCard(byId("card"), boardOf(), choice, page);
}

// Shows where a row lies while the pointer or the keyboard is at it; null takes that back.
function point(i) {
  const at = placeRing(byId("ring"), page, i === null ? page.selected : i);
  byId("tip").hidden = true;
  if (i !== null && at) showTip(byId("tip"), page.drawn, at, tellRow(boardOf(), choice, page, i));
}

function setUpTable() {
  const table = byId("table"), body = table.tBodies[0];
  const rowAt = (event) => { const row = event.target.closest("tr"); return row ? Number(row.dataset.i) : null; };
  table.tHead.addEventListener("click", (event) => {
    const heading = event.target.closest("th[data-key]");
    if (!heading) return;
    const key = heading.dataset.key, column = boardOf().columns.find((one) => one.key === key);
    const first = column !== undefined && column.unit === "fraction";
    choose({ sort: key, down: choice.sort === key ? !choice.down : first });
    table.tHead.querySelector(`[data-key="${CSS.escape(key)}"] button`).focus();
  });
  body.addEventListener("click", (event) => {
    if (event.target.closest("a") || event.target.closest(".pick")) return;
    if (rowAt(event) !== null) select(rowAt(event));
  });
  body.addEventListener("change", (event) => {
    const i = rowAt(event);
    page.picked[event.target.checked ? "add" : "delete"](i);
    showPicked(byId("compare"), boardOf(), page);
  });
  for (const start of ["pointerover", "focusin"]) body.addEventListener(start, (event) => point(rowAt(event)));
  for (const end of ["pointerleave", "focusout"]) body.addEventListener(end, () => point(null));
  byId("more").addEventListener("click", () => {
    const first = page.listed;
    page.listed += ROWS_MORE;
    list();
    const row = body.rows[first];
    if (row) row.querySelector("th button").focus({ preventScroll: true });
  });
  if (DATA.compare) byId("clear").addEventListener("click", () => { page.picked.clear(); showPicked(byId("compare"), boardOf(), page); list(); });
}

function hovered(event) {
  const { curveNumber, pointNumber, customdata } = event.points[0], trace = byId("plot").data[curveNumber];
  const { drawn } = page, board = boardOf();
  if (customdata !== undefined) { point(customdata); return; }
  if (trace.name === "published") {
    const one = drawn.published[pointNumber];
    showTip(byId("tip"), drawn, pixelOf(drawn, one.x, one.y), tellPublished(choice, one));
  } else if (trace.name === "not listed") {
    const bin = drawn.bins[pointNumber];
    showTip(byId("tip"), drawn, pixelOf(drawn, bin.x, bin.y), tellBin(choice, bin));
  }
}

function setUpPlot() {
  const plot = byId("plot");
  plot.on("plotly_hover", hovered);
  plot.on("plotly_unhover", () => point(null));
  plot.on("plotly_click", (event) => { if (event.points[0].customdata !== undefined) select(event.points[0].customdata, true); });
  plot.on("plotly_relayout", (event) => {
    if (event["xaxis.range[0]"] === undefined && event["yaxis.range[0]"] === undefined) return;
    const range = (name) => [...plot.layout[name].range];
    page.zoom = { x: range("xaxis"), y: range("yaxis") };
    draw();
  });
  plot.on("plotly_doubleclick", () => { page.zoom = null; draw(); });
  byId("out-of-view").addEventListener("click", () => { Object.assign(page, page.zoom ? { zoom: null } : { all: true }); draw(); });
}

function start() {
  setUpControls();
  setUpTable();
  prepare();
  list();
  drawAndFollow(draw);
  setUpPlot();
  document.documentElement.classList.remove("starting");
  addEventListener("popstate", () => {
    if (location.hash.length > 1 && !location.hash.includes("=")) return; // a place of the page, no choice
    const next = readChoice(location.hash);
    if (next.board !== choice.board) forgetBoard();
    choice = next;
    page.zoom = null;
    refresh();
  });
}

start();
