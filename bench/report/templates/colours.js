// Which colours the page has, the system's or those that its reader chose, set before anything is drawn.

(() => {
  const KEPT_AS = "bench-colours", root = document.documentElement;
  const apply = (colours) => { root.style.colorScheme = colours; };
  const kept = () => {
    try {
      const found = localStorage.getItem(KEPT_AS);
      return ["light", "dark"].includes(found) ? found : "";
    } catch { return ""; } // a browser that keeps nothing for pages from disk
  };
  const choose = (colours) => {
    try { localStorage.setItem(KEPT_AS, colours); } catch { /* then it lasts as long as the page */ }
    apply(colours);
    dispatchEvent(new Event("colours"));
  };
  apply(kept());
  addEventListener("DOMContentLoaded", () => {
    const control = document.getElementById("colours");
    control.value = root.style.colorScheme;
    control.addEventListener("change", () => choose(control.value));
  });
})();
