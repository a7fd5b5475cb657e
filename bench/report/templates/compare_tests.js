// Whether differences in test accuracy are more than noise: a paired test for each two runs of the same test images.

function points(value) {
  return value === null ? DASH : `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(1)}`;
}

// The difference of two shares as they are shown, so that it is what a reader gets who subtracts them.
function shownDifference(first, second) {
  if (first === null || second === null) return DASH;
  return points((Math.round(Number(show(first, "fraction")) * 10) - Math.round(Number(show(second, "fraction")) * 10)) / 1000);
}

function probability(p) {
  return p < 1e-4 ? "< 0.0001" : p.toFixed(4);
}

// In few words, and as a sentence: as `bench compare` says it.
function verdict(test, first, second) {
  if (test.onlyFirst === test.onlySecond) return { short: "neither is ahead", long: "Neither is ahead." };
  const ahead = test.onlyFirst > test.onlySecond ? first : second;
  return test.mid < LEVEL
    ? { short: `${ahead} is better here`, long: `${ahead} is better on these images: chance alone would seldom do this (5 % level).` }
    : { short: "may be chance", long: `${ahead} is ahead, but not by more than chance would give (5 % level).` };
}

// `answers` are those of the runs on one set of images: {letter, right}.
function allPairs(answers) {
  return answers.flatMap((one, at) => answers.slice(at + 1).map((other) => ({ one, other, test: pairedTest(one.right, other.right) })));
}

function pairRow({ one, other, test }) {
  const number = (text) => ({ text, number: true });
  return [
    `${one.letter} and ${other.letter}`, { text: verdict(test, one.letter, other.letter).short, kind: test.mid < LEVEL ? "tells" : "" },
    number(shownDifference(shareRight(one.right), shareRight(other.right))), number(`${points(test.low)} to ${points(test.high)}`),
    ...[test.onlyFirst, test.onlySecond, test.both, test.neither].map((count) => number(count.toLocaleString("en-US"))),
    number(probability(test.exact)), number(probability(test.mid)),
  ];
}

function shareRight(right) {
  return right.length ? right.reduce((sum, bit) => sum + bit, 0) / right.length : null;
}

function sentence({ one, other, test }) {
  const said = `${one.letter} is right on ${show(shareRight(one.right), "fraction")} % of ${counted(test.n, "test image")}, ${other.letter} on ${show(shareRight(other.right), "fraction")} %. `;
  return element("p", { class: "verdict" }, said, element("strong", {}, verdict(test, one.letter, other.letter).long));
}

function testsNote(pairs) {
  const parts = [
    "McNemar's exact test, and its mid-p, which decides here; the interval is Newcombe's for paired proportions.",
    "They speak of these trained models on these images, not of what another seed would give: one seed each does not show the spread over seeds.",
    "Test is only reported: choose by validation.",
  ];
  if (pairs.length > 1) parts.push(`With ${pairs.length} pairs at the 5 % level, some tell by chance alone.`);
  return parts.join(" ");
}

function showTests(answers, n) {
  const pairs = n ? allPairs(answers) : [];
  document.getElementById("verdicts").replaceChildren(...(pairs.length === 1 ? pairs.map(sentence) : []));
  const headings = ["only first right", "only second right", "both right", "neither", "exact p", "mid-p"];
  const named = ["runs", "verdict", { text: "first − second", number: true }, { text: "95 % interval", number: true }, ...headings.map((text) => ({ text, number: true }))];
  fillTable(document.getElementById("pairs"), named, pairs.map(pairRow));
  document.getElementById("tests-note").textContent = n ? testsNote(pairs) : "There are no test images.";
}
