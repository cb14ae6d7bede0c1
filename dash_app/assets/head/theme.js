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
  // The page is asked for at once, in the right look, while the scripts are still on their way.
  const pointer = matchMedia("(pointer: coarse)").matches ? ".touch" : "";
  document.cookie = `look=${theme}${pointer}; Path=/; SameSite=Strict; Max-Age=31536000`;
  for (const href of ["/_dash-layout", "/_dash-dependencies"]) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "fetch", crossOrigin: "", href }));
  }
  try {
    localStorage.setItem("mantine-color-scheme-value", theme); // where the component library looks
  } catch {
    return;
  }
})();
