// The trade-off tables sort like every other.

for (const table of document.querySelectorAll("table.tradeoffs")) {
  const words = ["taken", "instead_of"];
  const valueIn = (row, key) => (words.includes(key) ? row.getAttribute(`data-${key}`) : row.getAttribute(`data-${key}`) === "" ? null : Number(row.getAttribute(`data-${key}`)));
  makeSortable(table, valueIn, (key) => !words.includes(key), () => {});
}
