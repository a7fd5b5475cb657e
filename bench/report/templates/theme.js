// Colours and texts that every plot takes from the page's styles, so that light, dark and print follow one place.

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function hoverLabel() {
  return {
    bgcolor: css("--surface"), bordercolor: css("--line-strong"), align: "left",
    font: { family: css("--font"), size: 13, color: css("--ink") },
  };
}
