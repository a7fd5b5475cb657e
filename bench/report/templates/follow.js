// Draws a page's plots, and again whenever its width or its colours change.

function drawAndFollow(draw) {
  let width = document.body.clientWidth;
  draw();
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    draw();
  }).observe(document.body);
  whenColoursChange(draw);
}
