// Cards are asked for when they come near the window, and asked again when what they need has changed.
(() => {
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
      asked.set(card, { needs, view, key });
      const isAnswered = card.dataset.answers === view; // it came with the page
      delete card.dataset.answers;
      if (isAnswered) continue;
      card.setAttribute("aria-busy", "true");
      set({ type: "block-ask", name: card.dataset.block }, {
        data: {
          search: `?${query}`,
          keep: last?.view === view, // what is shown stays when the database cannot be reached
          controls: !last || (last.needs !== needs && !byControl),
          touch,
        },
      });
    }
  }

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) near[isIntersecting ? "add" : "delete"](target);
    ask();
  }, { rootMargin: NEAR });

  // Look at all cards again: the address, the database or the cards themselves have changed.
  function look(newVersion = version) {
    version = newVersion;
    for (const card of document.querySelectorAll(".card")) observer.observe(card);
    ask();
    byControl = false;
  }

  const loading = {};
  const load = (source) => (loading[source] ||= new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("script"), { src: source, onload: done, onerror: failed }));
  }));

  // On a slow line the scripts of charts come after the first answers.
  const charts = () => new Promise((done) => {
    for (const script of document.querySelectorAll("script.charts")) script.addEventListener("load", done);
  });

  // [content, controls] of a card. A chart that is there gets the new figure: a new one would flicker and lose its zoom.
  function content(card, { body, controls }) {
    const keep = window.dash_clientside.no_update;
    if (body.type === "Graph" && card.querySelector(".js-plotly-plot")) {
      set(body.props.id, { figure: body.props.figure, style: body.props.style });
      return [keep, controls || keep];
    }
    return [body, controls || keep];
  }

  function draw(answer) {
    const keep = window.dash_clientside.no_update;
    const card = answer && named(answer.name);
    if (!card) return [keep, keep];
    requestAnimationFrame(() => requestAnimationFrame(() => card.setAttribute("aria-busy", "false")));
    if (!answer.body) return [keep, keep]; // the database is away: what is shown stays
    card.querySelector(".subtitle").textContent = answer.subtitle;
    card.querySelector(".covered").textContent = answer.covered;
    const table = answer.body.type !== "Graph" && !window.dash_ag_grid && JSON.stringify(answer).includes('"dash_ag_grid"');
    if (table) return load(document.documentElement.dataset.late).then(() => content(card, answer));
    if (answer.body.type === "Graph" && !window.Plotly) return charts().then(() => content(card, answer));
    return content(card, answer);
  }

  // A dark chart alone would have white letters on nothing: the picture gets the card's ground and its title.
  async function png(card) {
    const chart = card.querySelector(".js-plotly-plot");
    if (!chart) return;
    const size = chart.getBoundingClientRect();
    const layout = {
      ...chart.layout,
      paper_bgcolor: getComputedStyle(card).backgroundColor,
      title: { text: card.querySelector("h2").textContent, x: 0.02, xanchor: "left", font: { size: 16 } },
      margin: { ...chart.layout.margin, t: (chart.layout.margin?.t || 0) + 40 },
    };
    const config = { locale: document.documentElement.lang };
    await window.Plotly.downloadImage({ data: chart.data, layout, config }, {
      format: "png",
      scale: 2,
      width: Math.round(size.width),
      height: Math.round(size.height) + 40,
      filename: card.dataset.block,
    });
  }

  window.addEventListener("beforeprint", () => {
    for (const card of window.address.pageNow().querySelectorAll(".card")) near.add(card);
    ask();
  });

  window.cards = { touch, set, named, look, draw, png, fromControl: () => { byControl = true; } };
})();
