// Colours and texts that every plot takes from the page's styles, so that light, dark and print follow one place.

const PAIR = /^light-dark\(([^,]+),(.+)\)$/;

function isDark() {
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return scheme === "light dark" ? matchMedia("(prefers-color-scheme: dark)").matches : scheme === "dark";
}

// The value of a variable of the styles; of a pair of colours the one that is in use.
function css(name) {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim(), pair = PAIR.exec(value);
  return pair ? pair[isDark() ? 2 : 1].trim() : value;
}

function whenColoursChange(draw) {
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", draw);
  addEventListener("colours", draw);
}

function hoverLabel() {
  return {
    bgcolor: css("--surface"), bordercolor: css("--line-strong"), align: "left",
    font: { family: css("--font"), size: 13, color: css("--ink") },
  };
}
