// What is told of one row: beside its point while the pointer or the keyboard is at it, and below the plot once it is
// chosen, with the way to its runs.

function tellRow(board, choice, page, i) {
  const axis = DATA.axes[choice.x], machine = machineOf(board, choice), seeds = board.seeds[i];
  const share = (key) => [DATA.axes[key].label, `${showSpread(board.values[key][i], spreadOf(board, key, i), "fraction")} %`];
  const told = [share("test_top1"), share("val_top1")];
  for (const key of [choice.y, choice.x])
    if (!isShare(key)) told.push([DATA.axes[key].label, showTime(board, { ...DATA.axes[key], key }, i, machine)]);
  const count = seeds === 0 ? "an ensemble" : seeds === 1 ? "1 seed" : `${seeds} seeds`;
  const front = page.shown.front.has(i) ? ", Pareto-optimal" : "";
  return { title: nameOf(board, i), lines: [strategyOf(board, i), ...told.map(([name, value]) => `${name} ${value}`), `${count}${front}`], axis };
}

function tellPublished(choice, point) {
  const x = DATA.axes[choice.x], y = DATA.axes[choice.y], unit = isShare(choice.y) ? " %" : "";
  return {
    title: point.row.backbone,
    lines: [point.row.label, `${y.label} ${show(point.y, y.unit)}${unit}, as printed`, `${x.label} ${show(point.x, x.unit)}`, ...point.row.told],
  };
}

function tellBin(choice, bin) {
  const rows = bin.count === 1 ? "1 row that is not listed" : `${bin.count.toLocaleString("en-US")} rows that are not listed`;
  const axis = DATA.axes[choice.x];
  return { title: DATA.strategies[bin.strategy].name, lines: [rows, `near ${show(bin.x, axis.unit)} ${inSentence(axis.label)}`] };
}

// Puts the tip beside a place of the plot area, where there is room for it.
function showTip(tip, drawn, at, { title, lines }) {
  tip.replaceChildren(made("b", {}, title), ...lines.map((line) => made("span", {}, line)));
  tip.hidden = false;
  const left = MARGIN.l + at.x, right = drawn.size.width - at.x < tip.offsetWidth + 24;
  tip.style.left = `${Math.max(0, right ? left - tip.offsetWidth - 14 : left + 14)}px`;
  tip.style.top = `${Math.max(0, Math.min(MARGIN.t + at.y - tip.offsetHeight / 2, drawn.size.height - tip.offsetHeight + MARGIN.t))}px`;
}

function placeRing(ring, page, i) {
  const point = i === null ? undefined : page.drawn.points.find((one) => one.i === i);
  ring.hidden = !point;
  if (!point) return null;
  const at = pixelOf(page.drawn, point.x, point.y);
  ring.hidden = at.x < 0 || at.y < 0 || at.x > page.drawn.size.width || at.y > page.drawn.size.height;
  ring.style.left = `${MARGIN.l + at.x}px`;
  ring.style.top = `${MARGIN.t + at.y}px`;
  return ring.hidden ? null : at;
}

// The card of the chosen row.
function showCard(card, board, choice, page) {
  const i = page.selected;
  card.classList.toggle("empty", i === null);
  if (i === null) {
    card.replaceChildren(made("p", {}, "Choose a point or a row to see it here."));
    return;
  }
  const { title, lines } = tellRow(board, choice, page, i), strategy = DATA.strategies[board.strategies[i]];
  const name = made("p", { class: "chosen-name" }, markSvg(DATA.families[board.families[i]].mark, `s${strategy.colour}`), `${title}, ${lines[0]}`);
  const links = runLinks(board, i), told = made("p", {}, lines.slice(1).join(" · "));
  card.replaceChildren(name, told, ...(links.length ? [made("p", { class: "chosen-runs" }, "Open the run: ", ...links)] : []));
}

const LEAST_COMPARED = 2, MOST_COMPARED = 5;

// What is chosen to be compared: a run of each row, and the way to the comparison once there are two to five.
function showPicked(bar, board, page) {
  const ids = [...page.picked].map((i) => board.runs[i][0][1]);
  bar.hidden = ids.length === 0;
  const names = [...page.picked].map((i) => `${nameOf(board, i)}, ${strategyOf(board, i)}`).join("; ");
  const ready = ids.length >= LEAST_COMPARED && ids.length <= MOST_COMPARED;
  const link = bar.querySelector("a");
  if (ready) link.href = `${DATA.compare}?runs=${ids.join(",")}`;
  else link.removeAttribute("href");
  link.setAttribute("aria-disabled", String(!ready));
  link.textContent = ids.length > MOST_COMPARED ? `At most ${MOST_COMPARED} can be compared` : ready ? `Compare ${ids.length} runs` : "Choose another to compare";
  bar.querySelector("p").textContent = names;
}
