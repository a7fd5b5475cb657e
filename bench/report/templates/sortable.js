// A table whose headings sort it: by mouse or keyboard, with aria-sort; rows without a value go last either way.

function compareValues(a, b) {
  if (typeof a === "string" || typeof b === "string") return String(a).localeCompare(String(b), "en", { numeric: true });
  return a - b;
}

// `valueOf(row, key)` gives a number, a text, or null; `firstDown(key)` tells which columns begin with the greatest.
function makeSortable(table, valueOf, firstDown, after) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const original = [...body.rows];
  for (const heading of headings) {
    heading.querySelector("button").addEventListener("click", () => {
      const key = heading.dataset.key;
      const now = heading.getAttribute("aria-sort");
      const down = now === null ? firstDown(key) : now === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = original.map((row) => [valueOf(row, key), row]);
      const known = keyed.filter(([value]) => value !== null);
      known.sort((a, b) => (down ? -1 : 1) * compareValues(a[0], b[0]));
      body.append(...known.map(([, row]) => row), ...keyed.filter(([value]) => value === null).map(([, row]) => row));
      after();
    });
  }
}

// Shows the first `limit` rows until the button is pressed.
function limitRows(table, button, limit) {
  const body = table.tBodies[0];
  let all = body.rows.length <= limit;
  const apply = () => {
    [...body.rows].forEach((row, place) => { row.hidden = !all && place >= limit; });
    button.hidden = all;
    button.textContent = `Show all ${body.rows.length.toLocaleString("en-US")} rows`;
  };
  const showAll = () => { all = true; apply(); };
  button.addEventListener("click", showAll);
  apply();
  return { apply, showAll };
}
