// A field that finds runs as one types: arrows, Home and End move, Enter takes, Escape closes.

const OPTIONS_AT_MOST = 60;

function matches(run, words) {
  const text = `${run.name} ${run.data} seed ${run.seed} ${run.more} ${run.id} ${run.result}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function optionOf(run, at) {
  const more = element("small", {}, `${run.data}, seed ${run.seed} · ${run.result} · ${run.more} · ${run.id.slice(0, 8)}`);
  return element("li", { role: "option", id: `option-${at}`, "aria-selected": "false", "data-id": run.id }, run.name, more);
}

// `taken()` gives the ids that are chosen; `pick(id)` is called with the one that is taken.
function makePicker(input, list, runs, taken, pick) {
  let active = -1;
  const options = () => [...list.querySelectorAll("[data-id]")];

  function mark(at) {
    const found = options();
    active = Math.min(found.length - 1, at);
    found.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
    if (active < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", found[active].id);
      found[active].scrollIntoView({ block: "nearest" });
    }
  }

  function open() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean), chosen = new Set(taken());
    const found = runs.filter((run) => !chosen.has(run.id) && matches(run, words));
    const rest = found.length - OPTIONS_AT_MOST;
    const last = found.length ? `${counted(rest, "more run")}: type more to find them` : "No run is called that.";
    list.replaceChildren(...found.slice(0, OPTIONS_AT_MOST).map(optionOf));
    if (rest > 0 || !found.length) list.append(element("li", { class: "rest", role: "option", "aria-disabled": "true" }, last));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(words.length ? 0 : -1);
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function take(option) {
    if (!option) return;
    input.value = "";
    close();
    pick(option.dataset.id);
  }

  const keys = {
    ArrowDown: () => mark(active + 1), ArrowUp: () => mark(Math.max(0, active - 1)), Home: () => mark(0), End: () => mark(Infinity),
    Enter: () => take(options()[active]), Escape: close,
  };
  input.addEventListener("input", open);
  input.addEventListener("focus", open);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || (input.value && ["Home", "End"].includes(event.key))) return;
    event.preventDefault();
    if (list.hidden && event.key !== "Escape") open();
    else keys[event.key]();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => take(event.target.closest("[data-id]")));
  return { close };
}
