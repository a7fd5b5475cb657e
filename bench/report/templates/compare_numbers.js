// What runs measured, and what their specs say, side by side.

// Fewer of them is neither better nor worse.
const HOW_LONG = ["epochs", "optimizer_steps"];
const DIGEST = /^[0-9a-f]{64}$/;

// The places of the best of some values; none where all of them read the same, or there are fewer than two.
function bestOf(values, { better, unit }) {
  const known = values.filter((value) => value !== null);
  if (better === "neither" || new Set(known.map((value) => show(value, unit))).size < 2) return [];
  const best = show(better === "more" ? Math.max(...known) : Math.min(...known), unit);
  return values.flatMap((value, place) => (value !== null && show(value, unit) === best ? [place] : []));
}

function marked(text, best) {
  return best ? element("span", { class: "best" }, text, element("small", {}, "best")) : text;
}

// What may be called the best: never what looked at test, accuracies on the same data, times on the same hardware.
function comparable(column, runs) {
  const alike = (of) => new Set(runs.map(of)).size === 1;
  if (column.test || HOW_LONG.includes(column.key) || (column.hardware && !alike((run) => run.hardware))) return false;
  if (column.timed && runs.some((run) => run.disturbed)) return false;
  return column.unit !== "fraction" || alike((run) => run.data);
}

function measureRow(column, runs) {
  const values = runs.map((run) => run.values[column.key] ?? null), best = comparable(column, runs) ? bestOf(values, column) : [];
  const timed = (value, place) => `${column.timed && runs[place].disturbed && value !== null ? "~" : ""}${show(value, column.unit)}`;
  const cells = values.map((value, place) => ({ text: marked(timed(value, place), best.includes(place)), number: true }));
  return [{ text: column.label, kind: column.test ? "reported" : "" }, ...cells];
}

const OF_HEADS = [["ece", "Calibration error on test, ECE (%)"], ["confidence_right", "Confidence when right (%)"], ["confidence_wrong", "Confidence when wrong (%)"]];

function headRow([key, label], heads) {
  return [{ text: label, kind: "reported" }, ...heads.map((head) => ({ text: show(head ? head[key] : null, "fraction"), number: true }))];
}

// `heads` are those of one target, null where a run has none.
function showNumbers(runs, letters, columns, heads) {
  const hardware = new Set(runs.map((run) => run.hardware));
  const known = columns.filter((column) => runs.some((run) => (run.values[column.key] ?? null) !== null));
  const rows = known.map((column) => measureRow(column, runs));
  if (heads.some(Boolean)) rows.push(...OF_HEADS.map((one) => headRow(one, heads)));
  fillTable(document.getElementById("measures"), ["measured", ...letters.map((text) => ({ text, number: true }))], rows);
  const parts = ["What is better is marked; what was measured on test, in italics, is only reported and never marked."];
  if (new Set(runs.map((run) => run.data)).size > 1) parts.push("They are of different data: their accuracies do not compare, and are not marked.");
  if (hardware.size > 1) parts.push("Times and memory are not marked: they were measured on different hardware.");
  if (runs.some((run) => run.disturbed)) parts.push("Times with ~ were measured beside other work or on a slowed machine: no time is marked.");
  document.getElementById("numbers-note").textContent = parts.join(" ");
}

function specText(text) {
  return text === undefined ? DASH : DIGEST.test(text) ? text.slice(0, 12) : text;
}

function showSpecs(runs, letters) {
  const specs = runs.map((run) => new Map(run.spec)), keys = [...new Set(runs.flatMap((run) => run.spec.map(([key]) => key)))];
  const values = (key) => specs.map((spec) => spec.get(key));
  const equal = keys.filter((key) => new Set(values(key)).size === 1), differ = keys.filter((key) => !equal.includes(key));
  const cell = (text, first) => ({ text: specText(text), title: text, kind: text === first ? "wraps" : "wraps other" });
  const rows = differ.map((key) => [key, ...values(key).map((text, _, all) => cell(text, all[0]))]);
  fillTable(document.getElementById("specs"), ["key", ...letters], rows);
  document.getElementById("equal-title").textContent = `${counted(equal.length, "key")} that ${equal.length === 1 ? "is" : "are"} equal`;
  const pair = (key) => element("div", {}, element("dt", {}, key), element("dd", {}, specText(specs[0].get(key))));
  document.getElementById("equal").replaceChildren(...equal.map(pair));
}
