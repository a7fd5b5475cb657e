// What a reader has chosen, and the address that says it. All of it stands behind the `#`, so that a link, a reload
// and the back button bring it back, also for a page that is opened from disk.

const AT_FIRST = {
  board: 0, x: null, y: "test_top1", log: null, ylog: null, machine: null,
  strategies: [], families: [], limits: {}, sort: "rank", down: false,
};

function freshChoice() {
  return { ...AT_FIRST, x: firstCost(0), strategies: [], families: [], limits: {} };
}

// The cost that tells a board's rows apart, as its table weighs it.
function firstCost(board) {
  return DATA.boards[board].cost;
}

// Another board, with the axes of `choice`; a cost that nobody asked for gives way to that of the other board.
function ofBoard(choice, board) {
  const x = choice.x === firstCost(choice.board) ? firstCost(board) : choice.x;
  return { ...freshChoice(), board, x, y: choice.y };
}

function placesOf(params, key, list) {
  const wanted = params.getAll(key);
  return list.map((one, place) => [one.name, place]).filter(([name]) => wanted.includes(name)).map(([, place]) => place);
}

function flag(params, key) {
  return params.has(key) ? params.get(key) === "log" : null;
}

// Reads an address; what it names and the page does not have is left out.
function readChoice(hash) {
  const params = new URLSearchParams(hash.replace(/^#/, "")), choice = freshChoice();
  const board = DATA.boards.findIndex((one) => one.title === params.get("data"));
  choice.board = Math.max(0, board);
  choice.x = firstCost(choice.board);
  if (isCost(params.get("x"))) choice.x = params.get("x");
  if (isAxis(params.get("y"))) choice.y = params.get("y");
  choice.log = flag(params, "scale");
  choice.ylog = flag(params, "yscale");
  const machine = DATA.boards[choice.board].machines.indexOf(params.get("on"));
  choice.machine = machine < 0 ? null : machine;
  choice.strategies = placesOf(params, "strategy", DATA.strategies);
  choice.families = placesOf(params, "family", DATA.families);
  for (const key of DATA.budgets) {
    const limit = Number(params.get(key));
    if (params.has(key) && limit > 0 && Number.isFinite(limit)) choice.limits[key] = limit;
  }
  const keys = ["rank", "seeds", ...DATA.boards[choice.board].columns.map((column) => column.key)];
  if (keys.includes(params.get("sort"))) Object.assign(choice, { sort: params.get("sort"), down: params.get("order") === "down" });
  return choice;
}

// Writes only what is not as at first, so that the plain page has a plain address.
function writeChoice(choice) {
  const params = new URLSearchParams();
  if (choice.board) params.set("data", DATA.boards[choice.board].title);
  if (choice.x !== firstCost(choice.board)) params.set("x", choice.x);
  if (choice.y !== AT_FIRST.y) params.set("y", choice.y);
  if (choice.log !== null) params.set("scale", choice.log ? "log" : "linear");
  if (choice.ylog !== null) params.set("yscale", choice.ylog ? "log" : "linear");
  if (choice.machine !== null) params.set("on", DATA.boards[choice.board].machines[choice.machine]);
  for (const place of choice.strategies) params.append("strategy", DATA.strategies[place].name);
  for (const place of choice.families) params.append("family", DATA.families[place].name);
  for (const [key, limit] of Object.entries(choice.limits)) params.set(key, String(limit));
  if (choice.sort !== "rank" || choice.down) {
    params.set("sort", choice.sort);
    if (choice.down) params.set("order", "down");
  }
  return params.toString();
}

// Of an address anything may be read, also what every object of JavaScript has.
function isAxis(key) {
  return Object.hasOwn(DATA.axes, key);
}

function isCost(key) {
  return isAxis(key) && !isShare(key);
}

// Accuracies and errors.
function isShare(key) {
  return DATA.axes[key].unit === "fraction";
}

function isLog(choice, which) {
  const own = which === "x" ? choice.log : choice.ylog;
  return own === null ? DATA.axes[choice[which]].log : own;
}

// The hardware whose times are shown: the one chosen, else the one that most rows ran on.
function machineOf(board, choice) {
  if (choice.machine !== null) return choice.machine;
  const counts = board.values.standalone_s.map((values) => values.filter((value) => value !== null).length);
  return Math.max(0, counts.indexOf(Math.max(...counts)));
}
