// Wires the page of one sweep: its plots and its tables.

const SWEEP = JSON.parse(document.getElementById("data").textContent);

function setUpSweep() {
  setUpSheets();
  const parts = [["timeline", SWEEP.timeline, drawTimeline], ["search-plot", SWEEP.search, drawSearch]].filter(([, data]) => data);
  const again = () => parts.forEach(([id, data, draw]) => draw(document.getElementById(id), data));
  again();
  let width = document.body.clientWidth;
  new ResizeObserver(() => { if (document.body.clientWidth !== width) { width = document.body.clientWidth; again(); } }).observe(document.body);
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", again);
}

setUpSweep();
