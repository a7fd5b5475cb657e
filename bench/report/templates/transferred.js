// The table of transferred images: its headings sort it.

{
  const table = document.getElementById("images");
  const numeric = (key) => key === "position" || key.startsWith("sure");
  const valueOf = (row, key) => {
    const text = row.dataset[key];
    if (!numeric(key)) return text;
    return text === "" ? null : Number(text);
  };
  makeSortable(table, valueOf, (key) => key.startsWith("sure"), () => {});
}
