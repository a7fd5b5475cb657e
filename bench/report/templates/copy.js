// Buttons that copy the command beside them; where the clipboard is closed to pages, the command is selected instead.

const COPIED_FOR_MS = 1600;

function selectText(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

async function copyFrom(button, code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    selectText(code);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, COPIED_FOR_MS);
}

document.querySelectorAll(".command-line").forEach((place) => {
  const button = place.querySelector(".copy");
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => copyFrom(button, place.querySelector("code")));
});
