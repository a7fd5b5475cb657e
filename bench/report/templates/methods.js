// Wires the methods page: its tables, and how far the best test epoch would have flattered.

const METHODS = JSON.parse(document.getElementById("data").textContent);

function drawPanels() {
  for (const element of document.querySelectorAll(".panel"))
    drawPanel(element.querySelector(".canvas"), METHODS.panels[Number(element.dataset.panel)]);
}

setUpSheets();
drawAndFollow(drawPanels);
