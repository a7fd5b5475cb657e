// The leaderboard. Its rows come from columns of data, and only those that are asked for are made.

const ROWS_AT_FIRST = 100, ROWS_MORE = 400;
const SVG = "http://www.w3.org/2000/svg";

function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  element.append(...children);
  return element;
}

function markSvg(shape, classes) {
  const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", `mark ${classes}`);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#m-${shape}`);
  svg.append(use);
  return svg;
}

function wordOf(board, key, i) {
  const { names, of } = board.words[key];
  return names[of[i]];
}

function cellText(board, column, i, machine) {
  if (column.unit === "text") return wordOf(board, column.key, i);
  const value = valueOf(board, column.key, i, machine);
  return column.unit === "fraction" ? showSpread(value, spreadOf(board, column.key, i), column.unit) : showTime(board, column, i, machine);
}

// What a column sorts by: a number, a text, or null.
function sortKey(board, key, i, machine, ranks) {
  if (key === "rank") return ranks.get(i);
  if (key === "seeds") return board.seeds[i] || null;
  return board.words[key] ? wordOf(board, key, i) : valueOf(board, key, i, machine);
}

// The rows in the order that is chosen: what has no value last, either way.
function orderOf(board, choice, shown) {
  if (choice.sort === "rank" && !choice.down) return shown.kept;
  const machine = machineOf(board, choice), known = [], unknown = [];
  for (const i of shown.kept) {
    const key = sortKey(board, choice.sort, i, machine, shown.ranks);
    if (key === null || key === undefined) unknown.push(i);
    else known.push([key, i]);
  }
  known.sort((a, b) => (choice.down ? -1 : 1) * compareValues(a[0], b[0]) || a[1] - b[1]);
  return [...known.map(([, i]) => i), ...unknown];
}

function headingCell(key, text, label, unit) {
  const button = made("button", { type: "button" }, text);
  return made("th", { scope: "col", "data-key": key, class: unit === "text" ? (key === "backbone" ? "name" : null) : "n", title: label }, button);
}

function headOf(board) {
  const cells = [headingCell("rank", "#", "Rank by validation top-1", "count")];
  if (DATA.compare) cells.push(made("th", { scope: "col", class: "pick" }, made("span", { class: "unseen" }, "compare")));
  for (const column of board.columns) {
    cells.push(headingCell(column.key, column.heading, column.label, column.unit));
    if (column.key === "test_top1") cells.push(headingCell("seeds", "seeds", "Seeds behind the means", "count"));
  }
  return made("tr", {}, ...cells);
}

function nameCell(board, i, selected) {
  const family = DATA.families[board.families[i]], strategy = DATA.strategies[board.strategies[i]];
  const { names, of } = board.weights, title = `${family.name}, weights ${names[of[i]]}`;
  const words = made("span", {}, wordOf(board, "backbone", i), made("small", { class: "sub" }, strategy.name));
  const button = made("button", { type: "button", title, "aria-pressed": String(selected) }, markSvg(family.mark, `s${strategy.colour}`), words);
  return made("th", { scope: "row", class: "name" }, button);
}

function runLinks(board, i) {
  const runs = board.runs[i] || [], several = runs.length > 1;
  return runs.map(([seed, id, href]) => {
    const text = several ? `seed ${seed}` : "run";
    return made("a", { class: "link", href, "aria-label": `Run of ${nameOf(board, i)}, ${strategyOf(board, i)}, seed ${seed}` }, text);
  });
}

function pickCell(board, i, picked) {
  const runs = board.runs[i] || [];
  if (!runs.length) return made("td", { class: "pick" });
  const box = made("input", { type: "checkbox", "aria-label": `Compare ${nameOf(board, i)}, ${strategyOf(board, i)}` });
  box.checked = picked.has(i);
  return made("td", { class: "pick" }, box);
}

function rowOf(board, i, page, machine) {
  const { shown, selected, picked } = page, rank = made("td", { class: "rank" }, String(shown.ranks.get(i)));
  const front = shown.front.has(i), cells = [rank];
  if (front) rank.append(made("span", { class: "unseen" }, ", Pareto-optimal"));
  if (DATA.compare) cells.push(pickCell(board, i, picked));
  for (const column of board.columns) {
    if (column.key === "backbone") cells.push(nameCell(board, i, selected === i));
    else cells.push(made("td", { class: column.never ? "never" : column.unit === "text" ? "t" : null }, cellText(board, column, i, machine)));
    if (column.key === "test_top1") cells.push(made("td", { class: "runs" }, seedsOf(board, i), ...runLinks(board, i)));
  }
  return made("tr", { "data-i": i, class: [front && "pareto", selected === i && "selected"].filter(Boolean).join(" ") || null }, ...cells);
}

function publishedRow(board, row, numbers) {
  const words = made("span", {}, row.backbone, made("small", { class: "sub" }, row.label));
  const cells = [made("td", { class: "rank" }, "published"), ...(DATA.compare ? [made("td", { class: "pick" })] : [])];
  board.columns.forEach((column, place) => {
    if (column.key === "backbone") cells.push(made("th", { scope: "row", class: "name" }, markSvg("circle", "open"), words));
    else cells.push(made("td", { class: column.unit === "text" ? "t" : null }, row.cells[place]));
    if (column.key === "test_top1") cells.push(made("td", {}, `[${numbers.get(row.told.join(" "))}]`));
  });
  return made("tr", {}, ...cells);
}

// The number under which the notes tell where a published row is from.
function publishedNumbers(board) {
  const numbers = new Map();
  for (const row of board.published) {
    const told = row.told.join(" ");
    if (!numbers.has(told)) numbers.set(told, numbers.size + 1);
  }
  return numbers;
}

function showHead(table, board, choice) {
  table.tHead.replaceChildren(headOf(board));
  for (const cell of table.tHead.rows[0].cells)
    if (cell.dataset.key === choice.sort) cell.setAttribute("aria-sort", choice.down ? "descending" : "ascending");
}

function showTable(table, more, board, choice, page) {
  const machine = machineOf(board, choice), order = orderOf(board, choice, page.shown), numbers = publishedNumbers(board);
  showHead(table, board, choice);
  table.tBodies[0].replaceChildren(...order.slice(0, page.listed).map((i) => rowOf(board, i, page, machine)));
  table.tBodies[1].replaceChildren(...publishedShown(board, choice).map((row) => publishedRow(board, row, numbers)));
  const left = order.length - page.listed;
  more.hidden = left <= 0;
  more.textContent = `Show ${Math.min(left, ROWS_MORE).toLocaleString("en-US")} more of ${left.toLocaleString("en-US")} rows`;
  return order;
}
