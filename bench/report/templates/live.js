// Reloads a page that `bench report --watch` serves once what it is made of has changed, and leaves it as it was.

(() => {
  const EVERY_MS = 2000, AT_REST_MS = 2500, KEPT_AS = `bench-live ${location.pathname}`;
  const built = Number(document.currentScript.dataset.build);
  const opened = () => [...document.querySelectorAll("details")];
  let touched = 0, stale = false;

  const sign = document.createElement("p");
  sign.className = "live";
  sign.setAttribute("role", "status");
  document.body.append(sign);
  const say = (text, alive) => {
    if (sign.textContent !== text) sign.textContent = text;
    sign.classList.toggle("ended", !alive);
  };

  const parts = () => {
    const own = [...document.scripts, ...document.querySelectorAll("link[rel=stylesheet], img")];
    const places = own.map((part) => part.src || part.href).filter((place) => place && place.startsWith(location.origin));
    const path = (place) => decodeURIComponent(new URL(place).pathname).slice(1) || "index.html";
    return new Set([location.href, ...places].map(path));
  };

  const keep = () => {
    const open = opened().map((part) => part.open), focus = document.activeElement && document.activeElement.id;
    sessionStorage.setItem(KEPT_AS, JSON.stringify({ x: scrollX, y: scrollY, open, focus }));
  };

  const restore = () => {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_AS) || "null");
    sessionStorage.removeItem(KEPT_AS);
    if (!kept) return;
    const parts = opened();
    if (parts.length === kept.open.length) parts.forEach((part, place) => { part.open = kept.open[place]; });
    if (kept.focus && document.getElementById(kept.focus)) document.getElementById(kept.focus).focus({ preventScroll: true });
    requestAnimationFrame(() => scrollTo(kept.x, kept.y));
  };

  const ask = async () => {
    try {
      const answer = await fetch(`/version.json?since=${built}`, { cache: "no-store" });
      const { files } = await answer.json(), mine = parts();
      stale = stale || files.some((path) => mine.has(path));
      say("Live", true);
    } catch {
      say("Not live any more", false);
    }
    if (!stale || document.hidden || Date.now() - touched < AT_REST_MS) return;
    keep();
    location.reload();
  };

  for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"])
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true, capture: true });
  addEventListener("load", restore);
  say("Live", true);
  setInterval(ask, EVERY_MS);
})();
