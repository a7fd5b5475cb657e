// Lets every table that bench.report.site.sheet made sort by its headings, and shows its first rows until asked for all.

const SHEET_ROWS = 50;

function sheetValue(row, place, numeric) {
  const cell = row.cells[place], value = cell.dataset.v ?? cell.textContent.trim();
  if (value === "" || value === "-") return null;
  return numeric ? Number(value) : value;
}

function setUpSheet(table) {
  const headings = [...table.tHead.rows[0].cells];
  const of = (key) => headings.findIndex((heading) => heading.dataset.key === key);
  const limit = limitRows(table, table.closest(".scroll").nextElementSibling, SHEET_ROWS);
  const valueOf = (row, key) => sheetValue(row, of(key), headings[of(key)].classList.contains("n"));
  makeSortable(table, valueOf, (key) => "down" in headings[of(key)].dataset, limit.apply);
}

function setUpSheets() {
  document.querySelectorAll("table.sheet").forEach(setUpSheet);
  document.documentElement.classList.remove("starting");
}
