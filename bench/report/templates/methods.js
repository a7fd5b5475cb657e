// Wires the methods page: its tables, and how far the best test epoch would have flattered.

const METHODS = JSON.parse(document.getElementById("data").textContent);

function setUpMethods() {
  setUpSheets();
  const places = [...document.querySelectorAll(".panel")];
  const again = () => places.forEach((element) => drawPanel(element.querySelector(".canvas"), METHODS.panels[Number(element.dataset.panel)]));
  again();
  let width = document.body.clientWidth;
  new ResizeObserver(() => { if (document.body.clientWidth !== width) { width = document.body.clientWidth; again(); } }).observe(document.body);
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", again);
}

setUpMethods();
