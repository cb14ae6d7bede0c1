// The address is the one truth of what is shown: read here, changed here, and nowhere else.
(() => {
  const OF_ALL_PAGES = ["series", "period", "from", "to", "lang", "theme", "ours"]; // ours: marks, which a reader sets once
  const params = () => new URLSearchParams(location.search);

  function language(query) {
    const asked = query.get("lang");
    const { own, languages } = document.documentElement.dataset;
    return languages.split(" ").includes(asked) ? asked : own;
  }

  // The address with what it leaves to the reader's browser filled in.
  function whole() {
    const query = params();
    query.set("lang", language(query));
    query.set("theme", window.themeOf(query));
    return query;
  }

  // What stays when another page is opened.
  function shared() {
    const query = params();
    for (const name of [...query.keys()]) if (!OF_ALL_PAGES.includes(name)) query.delete(name);
    return query;
  }

  function go(query, path = location.pathname) {
    const target = path + (query.size ? `?${query}` : "");
    if (target === location.pathname + location.search) return;
    history.pushState({}, "", target);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate")); // dcc.Location listens to it
  }

  // Change parts of the address; null takes one away.
  function change(parts) {
    const query = params();
    for (const [name, text] of Object.entries(parts)) {
      if (text === null || text === undefined) query.delete(name);
      else query.set(name, text);
    }
    go(query);
  }

  const pages = () => [...document.querySelectorAll(".page")];

  function pageNow() {
    const name = location.pathname.replaceAll("/", "");
    return pages().find((page) => page.dataset.page === name) || pages()[0];
  }

  window.address = { params, language, whole, shared, go, change, pages, pageNow };
})();
