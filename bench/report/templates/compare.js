// Wires the page: the runs that the address names are loaded from their data, and every section follows them.

const SITE = JSON.parse(document.getElementById("data").textContent);
const LETTERS = ["A", "B", "C", "D", "E"];
const at = (id) => document.getElementById(id);
const known = new Map(SITE.runs.map((run) => [run.id, run]));
const state = { ids: [], runs: [], answers: [], unknown: [], left: 0, set: null, turn: 0 };
const loading = new Map();

// Loads a script of the site once; data scripts put what they hold into BENCH.
function load(source) {
  if (!loading.has(source)) {
    loading.set(source, new Promise((done, failed) => {
      const script = element("script", { src: source });
      script.addEventListener("load", done);
      script.addEventListener("error", () => { loading.delete(source); failed(new Error(source)); });
      document.head.append(script);
    }));
  }
  return loading.get(source);
}

async function loadRun(id) {
  await load(known.get(id).data_at);
  const run = globalThis.BENCH[`runs/${id}`];
  await Promise.all(run.heads.map((head) => load(`data/sets/${head.set}.js`)));
  return run;
}

function idsOfAddress() {
  const asked = new URLSearchParams(location.search).get("runs");
  return asked === null ? null : [...new Set(asked.split(",").map((id) => id.trim()).filter(Boolean))];
}

function writeAddress(ids, replace) {
  const address = `${location.pathname}?runs=${ids.map(encodeURIComponent).join(",")}`;
  try { history[replace ? "replaceState" : "pushState"](null, "", address); } catch { location.search = `?runs=${ids.join(",")}`; }
}

function chip(run, place) {
  const more = element("small", {}, `${run.data}, seed ${run.seed} · ${run.result} · ${run.more}`);
  const words = element("span", { class: "words" }, element("a", { class: "link", href: run.page }, run.name), more);
  const remove = element("button", { type: "button", "aria-label": `Remove ${LETTERS[place]}: ${run.name}, seed ${run.seed}` }, "×");
  remove.addEventListener("click", () => { choose(state.ids.filter((id) => id !== run.id)); at("picker").focus(); });
  return element("li", {}, badge(LETTERS[place], place), words, remove);
}

function saidOfChoice(failed) {
  const parts = [];
  const named = (ids) => ids.map((id) => id.slice(0, 40)).join(", ");
  if (state.unknown.length) parts.push(`No page of this report is about ${named(state.unknown)}: it shows ${counted(SITE.runs.length, "run")} in full.`);
  if (failed.length) parts.push(`The data of ${named(failed)} could not be loaded: is the folder complete?`);
  if (state.left > 0) parts.push(`At most ${SITE.most} runs are compared: ${counted(state.left, "run")} of the address ${state.left === 1 ? "is" : "are"} left out.`);
  if (state.runs.length < SITE.least) parts.push(SITE.runs.length < SITE.least ? "There are not enough runs to compare." : `Choose ${state.runs.length ? "one more run" : "two runs"} to compare.`);
  return parts.join(" ");
}

function showChoice(failed) {
  at("chosen").replaceChildren(...state.ids.map((id, place) => chip(known.get(id), place)));
  const full = state.ids.length >= SITE.most;
  at("picker").disabled = full;
  at("picker").placeholder = full ? `${SITE.most} runs at most: remove one to add another` : "backbone, strategy, dataset, seed, id…";
  at("said").textContent = saidOfChoice(failed);
  at("said").hidden = !at("said").textContent;
}

// The sets of test images that at least two of the runs were measured on: {key, title, heads}, heads by the runs' places.
function sharedSets() {
  const keys = [...new Set(state.runs.flatMap((run) => run.heads.map((head) => head.set)))];
  return keys
    .map((key) => ({ key, heads: state.runs.map((run) => run.heads.find((head) => head.set === key) || null) }))
    .filter(({ heads }) => heads.filter(Boolean).length > 1)
    .map((set) => ({ ...set, title: `${globalThis.BENCH[`sets/${set.key}`].dataset}, ${set.heads.find(Boolean).target}` }));
}

function unpackedSet(key) {
  const set = globalThis.BENCH[`sets/${key}`];
  return { ...set, truth: classesOf(set.labels) };
}

function answersOn(set, shared) {
  return shared.heads.flatMap((head, place) => (head ? [{ letter: LETTERS[place], place, head, right: bitsOf(head.right, set.ids.length), said: classesOf(head.said) }] : []));
}

function othersNote(shared) {
  const letters = (wanted) => state.runs.flatMap((_, place) => ((shared ? Boolean(shared.heads[place]) : false) === wanted ? [LETTERS[place]] : [])).join(", ");
  if (!shared) return "These runs do not compare image by image: no two of them were measured on the same test images of the same target, or their predictions are missing.";
  return letters(false) ? `Image by image only ${letters(true)} compare: ${letters(false)} ${letters(false).length > 1 ? "were" : "was"} measured on other test images, or without predictions.` : "";
}

function showTarget(sets) {
  const select = at("target");
  if (!sets.some(({ key }) => key === state.set)) state.set = sets.length ? sets[0].key : null;
  select.replaceChildren(...sets.map(({ key, title }) => new Option(title, key, false, key === state.set)));
  at("target-field").hidden = sets.length < 2;
  return sets.find(({ key }) => key === state.set) || null;
}

function showOnImages(shared) {
  const note = othersNote(shared);
  at("tests").hidden = false;
  for (const id of ["classes", "images"]) at(id).hidden = !shared;
  if (shared) {
    const set = unpackedSet(shared.key), answers = answersOn(set, shared);
    state.answers = answers;
    showTests(answers, set.ids.length);
    showImages(set, answers);
  } else {
    at("verdicts").replaceChildren();
    at("pairs").replaceChildren();
    at("tests-note").textContent = "";
  }
  if (note) at("verdicts").prepend(element("p", { class: "verdict" }, note));
}

function showScores() {
  const letters = state.answers.map(({ letter, place }) => ({ text: letter, place })), select = at("score");
  showClasses(state.answers.map(({ head }) => head), letters, select.value, select.selectedOptions[0].text);
}

function showSections() {
  const enough = state.runs.length >= SITE.least, letters = LETTERS.slice(0, state.runs.length);
  document.querySelectorAll("main > .card").forEach((card) => { card.hidden = !enough; });
  if (!enough) return;
  const shared = showTarget(sharedSets());
  showNumbers(state.runs, letters, SITE.columns, shared ? shared.heads : []);
  showSpecs(state.runs, letters);
  showOnImages(shared);
  at("curves").hidden = !state.runs.some((run) => run.epochs.epoch.length);
  drawPlots();
}

function drawPlots() {
  if (!at("curves").hidden) showCurves(state.runs, LETTERS.slice(0, state.runs.length), at("curve").value);
  if (!at("classes").hidden) showScores();
}

// Loads what is chosen and shows it; of several choices in quick succession only the last one is shown.
async function showRuns(asked) {
  const turn = ++state.turn, found = asked.filter((id) => known.has(id));
  state.unknown = asked.filter((id) => !known.has(id));
  state.left = Math.max(0, found.length - SITE.most);
  const ids = found.slice(0, SITE.most), loaded = await Promise.allSettled(ids.map(loadRun));
  if (turn !== state.turn) return;
  state.ids = ids.filter((_, place) => loaded[place].status === "fulfilled");
  state.runs = loaded.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  showChoice(ids.filter((id) => !state.ids.includes(id)));
  showSections();
}

function choose(ids) {
  writeAddress(ids, false);
  return showRuns(ids);
}

function setUp() {
  const picker = makePicker(at("picker"), at("options"), SITE.runs, () => state.ids, (id) => choose([...state.ids, id]).then(picker.close));
  at("target").addEventListener("change", (event) => { state.set = event.target.value; showSections(); });
  at("curve").addEventListener("change", drawPlots);
  at("score").addEventListener("change", drawPlots);
  addEventListener("popstate", () => showRuns(idsOfAddress() || []));
  let width = document.body.clientWidth;
  new ResizeObserver(() => { if (document.body.clientWidth !== width) { width = document.body.clientWidth; drawPlots(); } }).observe(document.body);
  whenColoursChange(drawPlots);
  const asked = idsOfAddress();
  if (asked === null && SITE.first.length) writeAddress(SITE.first, true);
  showRuns(asked || SITE.first).finally(() => document.documentElement.classList.remove("starting"));
}

setUp();
