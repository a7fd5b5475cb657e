// Wires the page of one run: its panels, the matrix of each head, and the tables that sort.

// The data is within the page, or in the script that is named in its place.
function pageData() {
  const place = document.getElementById("data");
  return place.dataset.key ? globalThis.BENCH[place.dataset.key] : JSON.parse(place.textContent);
}

const LOOK = pageData();
const ROWS_AT_FIRST = 50;

function setUpClasses(section, head) {
  const table = section.querySelector("table"), more = section.querySelector(".more");
  const limit = limitRows(table, more, ROWS_AT_FIRST);
  const valueOf = (row, key) => head.scores[Number(row.dataset.i)][key];
  makeSortable(table, valueOf, (key) => key === "support" || key === "predicted", limit.apply);
}

function setUp() {
  const redraw = [];
  document.querySelectorAll(".panel").forEach((element) => {
    const panel = LOOK.charts[Number(element.dataset.chart)].panels[Number(element.dataset.panel)];
    const draw = () => drawPanel(element.querySelector(".canvas"), panel);
    draw();
    redraw.push(draw);
  });
  document.querySelectorAll(".confusion").forEach((section) => redraw.push(setUpMatrix(section, LOOK.heads[Number(section.dataset.head)])));
  document.querySelectorAll(".classes").forEach((section) => setUpClasses(section, LOOK.heads[Number(section.dataset.head)]));
  const again = () => redraw.forEach((draw) => draw());
  let width = document.body.clientWidth;
  new ResizeObserver(() => { if (document.body.clientWidth !== width) { width = document.body.clientWidth; again(); } }).observe(document.body);
  whenColoursChange(again);
}

setUp();
