// The controls of the explorer: axes, scales, hardware, filters and the budget's slider.

const REST_MS = 120; // of very many rows plot and table follow once the pointer rests; the line is always under it

function chipsIn(id) {
  return [...byId(id).querySelectorAll("button[data-place]")];
}

function toggled(list, place) {
  return list.includes(place) ? list.filter((one) => one !== place) : [...list, place].sort((a, b) => a - b);
}

// How many rows of the board each strategy or family has; what the board does not have is hidden.
function showChips(id, of, chosen) {
  const counts = new Map();
  for (const place of of) counts.set(place, (counts.get(place) || 0) + 1);
  for (const chip of chipsIn(id)) {
    const place = Number(chip.dataset.place), rows = counts.get(place) || 0;
    chip.hidden = rows === 0 && !chosen.includes(place);
    chip.setAttribute("aria-pressed", String(chosen.includes(place)));
    chip.querySelector("small").textContent = rows.toLocaleString("en-US");
  }
  byId(id).classList.toggle("filtered", chosen.length > 0);
}

function showBudget(board) {
  const key = byId("budget-key").value, reach = reachOf(board, key), slider = byId("budget"), limit = choice.limits[key];
  slider.disabled = reach === null;
  slider.value = reach ? stepOf(reach, limit) : STEPS;
  byId("budget-limit").textContent = limitText(limit);
  slider.setAttribute("aria-valuetext", `${DATA.axes[key].label}: ${limitText(limit)}, ${counted(page.shown.kept.length, "row")}`);
  const others = Object.entries(choice.limits);
  byId("limits").replaceChildren(...others.map(([name, value]) => {
    const text = `${DATA.axes[name].label} ≤ ${short(value)}`;
    return made("button", { type: "button", class: "chip", "data-limit": name, "aria-label": `Remove the limit: ${text}` }, text, made("i", { class: "cross", "aria-hidden": "true" }));
  }));
}

function showControls(board) {
  if (byId("board")) byId("board").value = choice.board;
  document.querySelectorAll("[data-board]").forEach((part) => { part.hidden = Number(part.dataset.board) !== choice.board; });
  byId("x").value = choice.x;
  byId("y").value = choice.y;
  byId("log").checked = isLog(choice, "x");
  byId("ylog").checked = isLog(choice, "y");
  const names = [...byId("machine").options].map((option) => option.text);
  if (names.join("\n") !== board.machines.join("\n")) byId("machine").replaceChildren(...board.machines.map((name, place) => new Option(name, place)));
  byId("machine").value = machineOf(board, choice);
  byId("machine-field").hidden = board.machines.length < 2;
  showChips("strategies", board.strategies, choice.strategies);
  showChips("families", board.families, choice.families);
  showBudget(board);
  byId("clear-filters").hidden = !choice.strategies.length && !choice.families.length && !Object.keys(choice.limits).length;
}

// A limit on the axis that is shown is the one that the slider moves.
function followAxis(key) {
  if (DATA.budgets.includes(key)) byId("budget-key").value = key;
}

function setUpAxes() {
  const changed = (change) => { Object.assign(page, { zoom: null, all: false }); choose(change); };
  byId("x").addEventListener("change", (event) => { followAxis(event.target.value); changed({ x: event.target.value, log: null }); });
  byId("y").addEventListener("change", (event) => changed({ y: event.target.value, ylog: null }));
  byId("log").addEventListener("change", (event) => changed({ log: event.target.checked }));
  byId("ylog").addEventListener("change", (event) => changed({ ylog: event.target.checked }));
  byId("machine").addEventListener("change", (event) => changed({ machine: Number(event.target.value) }));
  if (byId("board")) byId("board").addEventListener("change", (event) => changed(ofBoard(choice, Number(event.target.value))));
}

function setUpFilters() {
  for (const id of ["strategies", "families"])
    byId(id).addEventListener("click", (event) => {
      const chip = event.target.closest("button[data-place]");
      if (chip) choose({ [id]: toggled(choice[id], Number(chip.dataset.place)) });
    });
  byId("clear-filters").addEventListener("click", () => choose({ strategies: [], families: [], limits: {} }));
  byId("limits").addEventListener("click", (event) => {
    const chip = event.target.closest("[data-limit]");
    if (chip) choose({ limits: withLimit(choice.limits, chip.dataset.limit, null) });
  });
}

// While a limit moves the address changes in place, and there is one step to go back for the whole of the way.
function setUpBudget() {
  const slider = byId("budget"), line = byId("line");
  let moving = false, waiting = 0;
  const move = (key, limit, done) => {
    const limits = withLimit(choice.limits, key, limit);
    if (limits[key] !== choice.limits[key]) choose({ limits }, moving ? "replaceState" : "pushState");
    moving = !done;
  };
  slider.addEventListener("input", () => {
    const key = byId("budget-key").value;
    move(key, limitAt(reachOf(boardOf(), key), Number(slider.value)), false);
  });
  const rest = () => { moving = false; };
  slider.addEventListener("pointerup", rest);
  slider.addEventListener("blur", rest); // of keys each is a change of its own, and all of them one way
  addEventListener("popstate", rest);
  byId("budget-key").addEventListener("change", () => showBudget(boardOf()));
  makeDraggable(line, slider, page, (limit, done) => {
    followAxis(choice.x);
    placeLine(line, page.held ? page.held.drawn : page.drawn, choice.x, limit === null ? undefined : limit);
    clearTimeout(waiting);
    if (done) move(choice.x, limit, true);
    else waiting = setTimeout(() => move(choice.x, limit, false), page.drawn.points.length > MANY ? REST_MS : 0);
  });
}

function setUpControls() {
  followAxis(choice.x);
  setUpAxes();
  setUpFilters();
  setUpBudget();
}
