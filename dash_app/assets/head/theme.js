// Before anything is drawn: the theme of the address, else the one kept, else the system's. No flash of the other one.
(() => {
  const kept = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage switched off
    }
  };
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const known = (theme) => (theme === "light" || theme === "dark" ? theme : null);
  window.themeOf = (params) => known(params.get("theme")) || known(kept()) || system;
  const theme = window.themeOf(new URLSearchParams(location.search));
  document.documentElement.dataset.mantineColorScheme = theme;
  try {
    localStorage.setItem("mantine-color-scheme-value", theme); // where the component library looks
  } catch {
    return;
  }
})();
