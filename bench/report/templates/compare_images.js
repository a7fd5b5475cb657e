// The test images that some of the chosen runs get right and others wrong: with a picture where the site has one.

const PICTURES_AT_FIRST = 24;
const NAMES_AT_FIRST = 200;

function saidText(set, answer, i) {
  return answer.said[i] === NO_CLASS ? "no finite score" : set.names[answer.said[i]];
}

function answerLine(set, answer, i) {
  const right = answer.right[i] === 1;
  return element("p", { class: `said-by ${right ? "right" : "wrong"}` }, badge(answer.letter, answer.place), element("span", {}, right ? "✓ right" : `✗ ${saidText(set, answer, i)}`));
}

function contestedItem(set, answers, i) {
  const path = set.thumbnails[i];
  const image = element("img", { src: path, alt: "", width: 160, height: 160, loading: "lazy", class: path.endsWith(".png") ? "small" : null });
  const truth = element("p", { class: "is" }, `is ${set.names[set.truth[i]]}`);
  return element("li", {}, image, truth, ...answers.map((answer) => answerLine(set, answer, i)), element("p", { class: "id", title: set.ids[i] }, set.ids[i]));
}

function imagesNote(set, places, pictured) {
  const n = set.ids.length, kept = Object.keys(set.thumbnails).length;
  if (!places.length) return n ? `They agree on every one of ${counted(n, "test image")}: each is right, or wrong, in all of them.` : "There are no test images.";
  const found = `They disagree on ${places.length.toLocaleString("en-US")} of ${counted(n, "test image")}.`;
  if (!kept) return `${found} The images are not shown: ${set.dataset} is not on the machine that wrote this page, or its images were left out on request.`;
  const shown = `${pictured.toLocaleString("en-US")} of them ${pictured === 1 ? "has" : "have"} a picture here`;
  return `${found} ${shown}: this site keeps ${counted(kept, "picture")} of ${set.dataset} (${show(set.bytes, "bytes")}), of images that its ${counted(set.runs, "run")} are divided about and of their surest mistakes.`;
}

// Shows the first of some things, and the others when the button is pressed.
function showSome(place, button, things, most, make) {
  const own = button.cloneNode();
  button.replaceWith(own);
  const fill = (shown) => {
    place.replaceChildren(...shown.map(make));
    own.hidden = shown.length === things.length;
    own.textContent = `Show all ${things.length.toLocaleString("en-US")}`;
  };
  own.addEventListener("click", () => fill(things));
  fill(things.slice(0, most));
}

function disagreementRow(set, answers, i) {
  const cell = (answer) => ({ text: `${answer.right[i] ? "✓" : "✗"} ${saidText(set, answer, i)}`, kind: answer.right[i] ? "wraps" : "wraps wrong" });
  return rowOf([{ text: set.ids[i], kind: "wraps" }, { text: set.names[set.truth[i]], kind: "wraps" }, ...answers.map(cell)]);
}

// `answers` are {letter, place, right, said} of the runs on the images of `set`.
function showImages(set, answers) {
  const byId = (id) => document.getElementById(id);
  const places = divided(answers.map((answer) => answer.right), set.ids.length);
  const pictured = places.filter((i) => set.thumbnails[i] !== undefined);
  byId("images-note").textContent = imagesNote(set, places, pictured.length);
  showSome(byId("contested"), byId("contested-more"), pictured, PICTURES_AT_FIRST, (i) => contestedItem(set, answers, i));
  const table = byId("disagreements");
  fillTable(table, ["image", "true class", ...answers.map((answer) => answer.letter)], []);
  showSome(table.tBodies[0], byId("disagreements-more"), places, NAMES_AT_FIRST, (i) => disagreementRow(set, answers, i));
  byId("disagreements-title").textContent = `All ${places.length.toLocaleString("en-US")} by name`;
  byId("disagreements-all").hidden = !places.length;
  byId("disagreements-all").open = places.length > 0 && !pictured.length;
}
