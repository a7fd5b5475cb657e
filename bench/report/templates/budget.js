// The budget: limits on what is counted before training. A slider moves the limit of one quantity at a time; where
// that quantity is the plot's axis, the limit is a line in the plot that can be dragged.

const STEPS = 240;

// The positive values of a quantity on a board, as the ends of a logarithmic slider; null where they do not differ.
function reachOf(board, key) {
  const values = board.values[key].filter((value) => value > 0);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), 0);
  return low < high ? { low: Math.log10(low), high: Math.log10(high) } : null;
}

// The limit at a step of the slider, in three digits; null, no limit, at the last one.
function limitAt(reach, step) {
  if (step >= STEPS) return null;
  return Number((10 ** (reach.low + (step / STEPS) * (reach.high - reach.low))).toPrecision(3));
}

function stepOf(reach, limit) {
  if (limit === undefined) return STEPS;
  return Math.max(0, Math.min(STEPS, Math.round(((Math.log10(limit) - reach.low) / (reach.high - reach.low)) * STEPS)));
}

// The limit that a place in the plot stands for; null right of every row.
function limitUnder(drawn, reach, pixel) {
  const position = drawn.view.x[0] + (pixel / drawn.size.width) * (drawn.view.x[1] - drawn.view.x[0]);
  const log = drawn.xs.log ? position : Math.log10(Math.max(position, Number.MIN_VALUE));
  if (log >= reach.high) return null;
  return Number((10 ** Math.max(log, reach.low)).toPrecision(3));
}

function limitText(limit) {
  return limit === null || limit === undefined ? "no limit" : `at most ${short(limit)}`;
}

function withLimit(limits, key, limit) {
  const { [key]: _, ...others } = limits;
  return limit === null ? others : { ...others, [key]: limit };
}

// Shows where the limit of the axis is; where no row is cut off, the line waits at the right edge.
function placeLine(line, drawn, key, limit) {
  line.hidden = !DATA.budgets.includes(key);
  if (line.hidden) return;
  const right = drawn.size.width, pixel = limit === undefined ? right : pixelOf(drawn, limit, drawn.ys.log ? 1 : 0).x;
  const at = Math.max(0, Math.min(right, pixel));
  line.style.left = `${MARGIN.l + at}px`;
  line.style.top = `${MARGIN.t}px`;
  line.style.height = `${drawn.size.height}px`;
  line.classList.toggle("off", limit === undefined);
  line.classList.toggle("leftward", at > right / 2);
  line.querySelector("span").textContent = limit === undefined ? "budget" : `≤ ${short(limit)}`;
}

// Lets a pointer drag the line: `moved(limit, done)` hears of every place, with `done` of the last.
function makeDraggable(line, slider, page, moved) {
  const limitOf = (event) => {
    const left = line.parentElement.getBoundingClientRect().left + MARGIN.l;
    return limitUnder(page.held.drawn, page.held.reach, Math.max(0, event.clientX - left));
  };
  line.addEventListener("pointerdown", (event) => {
    const reach = reachOf(DATA.boards[choice.board], choice.x);
    if (!reach) return;
    page.held = { drawn: page.drawn, reach };
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
    slider.focus({ preventScroll: true });
  });
  line.addEventListener("pointermove", (event) => { if (page.held) moved(limitOf(event), false); });
  for (const end of ["pointerup", "pointercancel"])
    line.addEventListener(end, (event) => {
      if (!page.held) return;
      const limit = limitOf(event);
      page.held = null;
      moved(limit, true);
    });
}
