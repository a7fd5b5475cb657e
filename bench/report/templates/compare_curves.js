// One curve of each run over the epochs, in one plot.

const CURVES = {
  val_top1: { label: "Validation top-1 (%)", percent: true }, train_top1: { label: "Training top-1 (%)", percent: true },
  val_top5: { label: "Validation top-5 (%)", percent: true }, train_top5: { label: "Training top-5 (%)", percent: true },
  val_loss: { label: "Validation cross-entropy (nats)", percent: false }, train_loss: { label: "Training loss (nats)", percent: false },
  test_top1: { label: "Test top-1 (%), reported only", percent: true }, test_top5: { label: "Test top-5 (%), reported only", percent: true },
  test_loss: { label: "Test cross-entropy (nats), reported only", percent: false },
};

function curvesPanel(runs, names, key) {
  const axis = { log: false, low: null, high: null, whole: false, percent: false };
  const series = runs.map((run, place) => ({
    name: names[place], kind: "line", colour: `s${place}`, x: run.epochs.epoch, y: run.epochs[key], width: [], base: [], lows: [], highs: [], texts: [],
  }));
  return { title: "", x: { ...axis, label: "Epoch", whole: true }, y: { ...axis, ...CURVES[key] }, series, marked: null, diagonal: false, strip: null, note: "" };
}

function curvesTable(runs, letters, key) {
  const epochs = [...new Set(runs.flatMap((run) => run.epochs.epoch))].sort((a, b) => a - b);
  const written = (value) => (value === null || value === undefined ? DASH : CURVES[key].percent ? show(value, "fraction") : value.toFixed(4));
  const rows = epochs.map((epoch) => [
    { text: String(epoch), number: true }, ...runs.map((run) => ({ text: written(run.epochs[key][run.epochs.epoch.indexOf(epoch)]), number: true })),
  ]);
  fillTable(document.getElementById("curves-table"), [{ text: "epoch", number: true }, ...letters.map((text) => ({ text, number: true }))], rows);
}

function showCurves(runs, letters, key) {
  const plot = document.getElementById("curves-plot"), wide = plot.clientWidth > 900;
  const names = runs.map((run, place) => (wide ? `${letters[place]}  ${run.name}, seed ${run.seed}` : letters[place]));
  drawPanel(plot, curvesPanel(runs, names, key));
  curvesTable(runs, letters, key);
}
