// Clicks on what is plain HTML: links that keep the view, buttons of cards, the theme.
(() => {
  const plain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

  function follow(link) {
    const { go, shared } = window.address;
    const target = new URLSearchParams(link.search);
    const query = shared();
    if (target.has("period")) for (const name of ["from", "to"]) query.delete(name);
    for (const [name, text] of target) query.set(name, text);
    go(query, `/${link.dataset.go}`);
    window.scrollTo(0, 0);
    document.getElementById("main").focus({ preventScroll: true });
  }

  function otherTheme() {
    const theme = window.address.whole().get("theme") === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", theme);
      localStorage.setItem("mantine-color-scheme-value", theme);
    } catch {
      // storage switched off: the address keeps it
    }
    window.address.change({ theme });
  }

  function table(card) {
    const data = { block: card.dataset.block, search: `?${window.address.whole()}` };
    window.cards.set("table-ask", { data });
  }

  // An own range is one that is picked: its calendar opens.
  function pickDays() {
    document.body.dataset.own = "yes";
    const days = document.getElementById("days");
    if (days.getAttribute("aria-expanded") !== "true") days.click();
  }

  const DOES = {
    png: (button) => window.cards.png(button.closest(".card")),
    table: (button) => table(button.closest(".card")),
    theme: otherTheme,
    unzoom: () => window.address.change({ zoom: null }),
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-go]");
    if (link && plain(event)) {
      event.preventDefault();
      if (link.dataset.go === "here") window.arrows[link.id]();
      else if (link.hasAttribute("href")) follow(link);
      return;
    }
    const csv = event.target.closest("a[data-csv]");
    if (csv) csv.href = `/csv/${csv.dataset.csv}?${window.address.whole()}`;
    const button = event.target.closest("[data-does]");
    if (button) DOES[button.dataset.does](button);
    const pick = event.target.closest("[data-pick]");
    if (pick) window.address.change({ [pick.closest(".card").dataset.picks]: pick.dataset.pick });
    // The chosen period once more: back to its newest days.
    const chosen = event.target.closest("#period input");
    const shown = window.address.params().get("period") || window.address.pageNow().dataset.standard;
    if (chosen?.value === "own") pickDays();
    else if (chosen && chosen.value === shown) {
      window.address.change({ from: null, to: null, zoom: null });
    }
  });
})();
