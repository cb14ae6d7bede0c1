// Cards are asked for when they come near the window, and asked again when what they need has changed.
(() => {
  const AGAIN = 1000; // ms
  const NEAR = "400px"; // how far outside the window a card is asked for
  const asked = new WeakMap(); // card → its last question
  const near = new WeakSet();
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const named = (name) => document.querySelector(`[data-block="${name}"]`);
  const touch = matchMedia("(pointer: coarse)").matches;
  let version = ""; // of the database, as last seen
  let byControl = false; // the address was changed by a control of a card, which is up to date itself

  function ask() {
    const page = window.address.pageNow();
    const query = window.address.whole();
    for (const card of page?.querySelectorAll(".card") || []) {
      if (!near.has(card)) continue;
      const needs = card.dataset.needs.split(" ").map((name) => query.get(name) || "").join("|");
      const view = `${needs}|${query.get("lang")}|${query.get("theme")}|${touch ? "touch" : ""}`;
      const key = `${view}|${version}`;
      const last = asked.get(card);
      if (last?.key === key) continue;
      const question = { needs, view, key };
      asked.set(card, question);
      const isAnswered = card.dataset.answers === view; // it came with the page
      delete card.dataset.answers;
      if (isAnswered) continue;
      card.setAttribute("aria-busy", "true");
      if (last?.view === view) query.set("keep", ""); // what is shown stays when the database cannot be reached
      if (!last || (last.needs !== needs && !byControl)) query.set("controls", "");
      if (touch) query.set("touch", "");
      fill(card, query, question);
      for (const name of ["keep", "controls", "touch"]) query.delete(name);
    }
  }

  // Without Dash's callbacks: each would make all parts of all pages look whether something of theirs has changed.
  async function fill(card, query, question) {
    const isWanted = () => asked.get(card) === question && card.isConnected;
    try {
      const answer = await (await fetch(`/card/${card.dataset.block}?${query}`, { cache: "no-store" })).json();
      if (isWanted()) await draw(card, answer);
    } catch {
      if (!isWanted()) return;
      asked.delete(card); // the page is away, or its parts are just being made anew
      if (document.body.dataset.trouble !== "offline") setTimeout(ask, AGAIN);
    }
  }

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      near[isIntersecting || "same" in target.dataset ? "add" : "delete"](target);
    }
    ask();
  }, { rootMargin: NEAR });

  // Look at all cards again: the address, the database or the cards themselves have changed.
  function look(newVersion = version) {
    version = newVersion;
    for (const card of document.querySelectorAll(".card")) observer.observe(card);
    ask();
    once();
    byControl = false;
  }

  // That nothing is there is said once a page: a card that says what another says is not shown, and none of the empty
  // ones where the first has nothing to show.
  function once() {
    const said = new Set();
    const cards = [...(window.address.pageNow()?.querySelectorAll(".card") || [])];
    const nothing = cards[0]?.querySelector(".message-empty");
    for (const card of cards) {
      const text = card.querySelector(".message-empty")?.textContent;
      card.toggleAttribute("data-same", Boolean(text) && card !== cards[0] && (Boolean(nothing) || said.has(text)));
      said.add(text);
    }
  }

  // On a slow line the scripts of charts come after the first answers.
  const charts = () => new Promise((done) => {
    for (const script of document.querySelectorAll("script.charts")) script.addEventListener("load", done);
  });

  async function draw(card, { body, controls, subtitle, covered }) {
    const name = card.dataset.block;
    if (body) {
      card.querySelector(".subtitle").textContent = subtitle;
      card.querySelector(".covered").textContent = covered;
      if (body.type === "Graph" && !window.Plotly) await charts();
      // A chart that is there gets the new figure: a new one would flicker and lose its zoom.
      const isThere = body.type === "Graph" && card.querySelector(".js-plotly-plot");
      if (isThere) set(body.props.id, { figure: body.props.figure, style: body.props.style });
      else set({ type: "block-body", name }, { children: body });
      if (controls) set({ type: "block-controls", name }, { children: controls });
    }
    requestAnimationFrame(() => requestAnimationFrame(() => {
      card.setAttribute("aria-busy", "false");
      once();
    }));
  }

  // A dark chart alone would have white letters on nothing: the picture gets the card's ground and its title.
  async function png(card) {
    const chart = card.querySelector(".js-plotly-plot");
    if (!chart) return;
    const size = chart.getBoundingClientRect();
    const { generated } = document.getElementById("main").dataset;
    const mark = card.querySelector(".subtitle").textContent.endsWith(generated) ? generated : "";
    const title = [card.querySelector("h2").textContent, mark].filter(Boolean).join(" · ");
    const layout = {
      ...chart.layout,
      paper_bgcolor: getComputedStyle(card).backgroundColor,
      title: { text: title, x: 0.02, xanchor: "left", font: { size: 16 } },
      margin: { ...chart.layout.margin, t: (chart.layout.margin?.t || 0) + 40 },
    };
    const config = { locale: document.documentElement.lang };
    await window.Plotly.downloadImage({ data: chart.data, layout, config }, {
      format: "png",
      scale: 2,
      width: Math.round(size.width),
      height: Math.round(size.height) + 40,
      filename: mark ? `GENERATED_${card.dataset.block}` : card.dataset.block,
    });
  }

  window.addEventListener("beforeprint", () => {
    for (const card of window.address.pageNow().querySelectorAll(".card")) near.add(card);
    ask();
  });

  window.cards = { touch, set, named, look, png, fromControl: () => { byControl = true; } };
})();
