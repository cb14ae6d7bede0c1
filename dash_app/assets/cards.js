// Cards are asked for when they come near the window, and asked again when what they need has changed; those that are
// hidden as they say what another says are always asked, as they may have something of their own to say.
(() => {
  const AGAIN = 1000; // ms
  const NARROWEST = 720; // px of a picture: on a phone, too
  const EDGE = 12; // px around the texts of a picture
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
      const needs = card.dataset.needs.split(" ").map((name) => query.get(name) || "").join("|");
      const view = `${needs}|${query.get("lang")}|${query.get("theme")}|${touch ? "touch" : ""}`;
      const key = `${view}|${version}`;
      const last = asked.get(card);
      if (last?.key === key) continue;
      if (!near.has(card) && !("same" in card.dataset)) {
        asked.delete(card); // what it shows, or is about to, is of another view: it is asked for when it comes near
        card.setAttribute("aria-busy", String(card.dataset.answers !== view));
        continue;
      }
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
      near[isIntersecting ? "add" : "delete"](target);
    }
    ask();
  }, { rootMargin: NEAR });

  // Look at all cards again: the address, the database or the cards themselves have changed.
  function look(newVersion = version) {
    version = newVersion;
    for (const card of document.querySelectorAll(".card")) observer.observe(card);
    once();
    ask();
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
      if ([body, ...[body.props.children].flat()].some((part) => part?.type === "Graph") && !window.Plotly) await charts();
      // A chart that is there gets the new figure: a new one would flicker and lose its zoom.
      const isThere = body.type === "Graph" && card.querySelector(".js-plotly-plot");
      if (isThere) set(body.props.id, { figure: body.props.figure, style: body.props.style });
      else set({ type: "block-body", name }, { children: body });
      if (controls) set({ type: "block-controls", name }, { children: controls });
    }
    requestAnimationFrame(() => requestAnimationFrame(() => {
      card.setAttribute("aria-busy", "false");
      once();
      ask(); // what is hidden now comes near no window
    }));
  }

  // Texts in lines that fit a width, px.
  function lines(text, size, family, width) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${size}px ${family}`;
    const found = [""];
    for (const word of text.split(" ")) {
      const longer = `${found.at(-1)} ${word}`.trim();
      if (found.at(-1) && pen.measureText(longer).width > width) found.push(word);
      else found[found.length - 1] = longer;
    }
    return found;
  }

  // A picture goes where the page is not: it says itself what it shows, of whom, of when, whence, on the card's ground.
  async function png(card) {
    const chart = card.querySelector(".js-plotly-plot");
    if (!chart) return;
    const box = chart.getBoundingClientRect();
    const width = Math.max(Math.round(box.width), NARROWEST);
    const { layout: { meta, font, ...shown }, _fullLayout: { _size: room } } = chart;
    const isPart = meta.x ? String(meta.x) !== String(shown.xaxis.range) : shown.xaxis?.autorange === false;
    const texts = (text, size) => lines(text, size, font.family, width - 2 * EDGE);
    const head = texts(card.querySelector("h2").textContent, 16);
    const under = texts(card.querySelector(".subtitle").textContent, 12);
    const source = texts([isPart && meta.part, meta.line].filter(Boolean).join(" · "), 12);
    const above = 21 * (head.length + under.length) + EDGE;
    const below = 16 * source.length + EDGE;
    const quiet = getComputedStyle(card.querySelector(".subtitle")).color;
    const small = (text) => `<span style="font-size:12px;color:${quiet}">${text.join("<br>")}</span>`;
    const note = (text, more) => ({
      ...{ text, align: "left", showarrow: false, xref: "paper", x: 0, xanchor: "left", xshift: EDGE - room.l },
      ...{ yref: "paper", ...more },
    });
    const layout = {
      ...shown,
      font,
      paper_bgcolor: getComputedStyle(card).backgroundColor,
      margin: { l: room.l, r: room.r, t: room.t + above, b: room.b + below, autoexpand: false },
      annotations: [
        ...(shown.annotations || []),
        note(`<b>${head.join("<br>")}</b><br>${small(under)}`, {
          ...{ font: { size: 16 }, y: 1, yanchor: "top", yshift: room.t + above - EDGE / 2 },
        }),
        note(small(source), { y: 0, yanchor: "bottom", yshift: EDGE / 2 - room.b - below }),
      ],
    };
    const config = { locale: document.documentElement.lang };
    const file = { format: "png", scale: 2, width, height: Math.round(box.height) + above + below };
    const filename = isPart ? `${meta.file}_part` : meta.file;
    await window.Plotly.downloadImage({ data: chart.data, layout, config }, { ...file, filename });
  }

  window.addEventListener("beforeprint", () => {
    for (const card of window.address.pageNow().querySelectorAll(".card")) near.add(card);
    ask();
  });

  window.cards = { touch, set, named, look, png, fromControl: () => { byControl = true; } };
})();
