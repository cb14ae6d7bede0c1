// What a narrow screen hides until it is asked for: pages that its bar has no room for, and figures of the first card.
(() => {
  const button = () => document.querySelector(".opens-rest");
  const isOpen = () => button()?.getAttribute("aria-expanded") === "true";

  function show(open) {
    button().setAttribute("aria-expanded", String(open));
    if (open) document.querySelector("#rest a:not([hidden])").focus();
  }

  document.addEventListener("click", (event) => {
    const unfold = event.target.closest(".unfold");
    unfold?.setAttribute("aria-expanded", String(unfold.getAttribute("aria-expanded") !== "true"));
    if (event.target.closest(".opens-rest")) show(!isOpen());
    else if (isOpen() && event.target.closest("#rest a")) show(false);
  });

  // A tap beside the sheet; a chart keeps its clicks to itself.
  document.addEventListener("pointerdown", (event) => {
    if (isOpen() && !event.target.closest("nav")) show(false);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    show(false);
    button().focus();
  });
})();
