/** Light or dark: as the system has it, until the button says otherwise; the choice is remembered. */

const KEY = "polyskew-theme";

/** Make the button work. */
export function theme(button) {
  let chosen = remembered();
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const dark = chosen ? chosen === "dark" : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", dark ? "Switch to light colours" : "Switch to dark colours");
    return dark;
  };
  button.addEventListener("click", () => {
    chosen = apply() ? "light" : "dark";
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // Where the browser keeps nothing, the choice holds for this visit.
    }
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
