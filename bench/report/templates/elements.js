// Builds parts of a page; whatever text it is given stays text.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// A heading or cell is a text, or {text, number, kind, title}; `text` may be an element. The first cell of a row names it.
function cellOf(cell, name, attributes) {
  const { text, number, kind, title } = typeof cell === "object" && !(cell instanceof Node) ? cell : { text: cell };
  const named = [number ? "n" : "", kind || ""].filter(Boolean).join(" ");
  const parts = named.includes("wraps") && typeof text === "string" ? breakable(text) : [text];
  return element(name, { ...attributes, class: named || null, title }, ...parts);
}

// Lets a name break after what joins its words, as in `036.Ruby_throated_Hummingbird`, and not within one.
function breakable(name) {
  return (name.match(/[^_/]*[_/]+|[^_/]+/g) || []).flatMap((part, place) => (place ? [element("wbr"), part] : [part]));
}

function rowOf(cells) {
  return element("tr", {}, ...cells.map((cell, place) => cellOf(cell, place ? "td" : "th", place ? {} : { scope: "row" })));
}

function fillTable(table, headings, rows) {
  const head = element("thead", {}, element("tr", {}, ...headings.map((heading) => cellOf(heading, "th", { scope: "col" }))));
  table.replaceChildren(head, element("tbody", {}, ...rows.map(rowOf)));
}

// The letter that stands for a run, in a frame of the run's colour.
function badge(letter, place) {
  return element("b", { class: `letter s${place}` }, element("span", {}, letter));
}

function counted(n, noun, plural = `${noun}s`) {
  return `${n.toLocaleString("en-US")} ${n === 1 ? noun : plural}`;
}
