// Wires the page of one sweep: its plots and its tables.

const SWEEP = JSON.parse(document.getElementById("data").textContent);

function drawSweep() {
  if (SWEEP.timeline) drawTimeline(document.getElementById("timeline"), SWEEP.timeline);
  if (SWEEP.search) drawSearch(document.getElementById("search-plot"), SWEEP.search);
}

setUpSheets();
drawAndFollow(drawSweep);
