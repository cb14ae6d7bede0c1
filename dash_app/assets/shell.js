// The callbacks that run in the browser. A click changes the address; `moved` reads it and asks for what is seen: an
// interaction costs one round trip.
(() => {
  const MINUTE = 60000;
  const AGAIN = 1000; // ms
  const { params, whole, shared, change, pages, pageNow, language } = window.address;
  const { set, named, look } = window.cards;
  const keep = () => window.dash_clientside.no_update;
  const instant = (text) => Date.parse(`${String(text).replace(" ", "T")}${String(text).length > 10 ? "Z" : ""}`);
  let epoch = 0; // counts recoveries: the same is asked again
  let barAsked = "";
  const opening = new Set(); // pages whose cards are on their way
  const held = {}; // the value of each control, as last set or chosen
  let lastBar;
  let isPicking = false; // the first day of a range is chosen, the last one is not yet

  // --- cards of pages ---------------------------------------------------------------------------------------------

  // The cards of a page come when it is looked at first, the first ones with their answers.
  async function open(page, query) {
    const name = page.dataset.page;
    if (page.querySelector(".card") || opening.has(name)) return;
    opening.add(name);
    try {
      const reply = await fetch(`/cards/${name}?${query}${window.cards.touch ? "&touch=" : ""}`, { cache: "no-store" });
      const children = await reply.json();
      if (document.getElementById("main").dataset.language !== query.get("lang")) throw new Error("another language");
      set({ type: "cards", name }, { children });
      requestAnimationFrame(() => look()); // once they are there
    } catch {
      setTimeout(() => pageNow() === page && open(page, whole()), AGAIN);
    } finally {
      opening.delete(name);
    }
  }

  // --- what is shown ---------------------------------------------------------------------------------------------

  function showPage(page, query) {
    const kept = shared();
    for (const each of pages()) {
      each.hidden = each !== page;
      const link = document.querySelector(`nav [data-go="${each.dataset.page}"]`);
      link.href = `/${each.dataset.page}${kept.size ? `?${kept}` : ""}`;
      if (each === page) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    open(page, query);
    Object.assign(document.body.dataset, {
      series: page.dataset.series,
      period: page.dataset.period,
      zoomed: query.has("zoom") ? "yes" : "",
      own: query.get("period") === "own" ? "yes" : "",
    });
    document.title = `${page.querySelector("h1").textContent} · ${document.querySelector(".name").textContent}`;
    document.documentElement.lang = query.get("lang");
  }

  function showControls(query) {
    const theme = query.get("theme");
    const chosen = (id) => document.querySelector(`#${id} input:checked`)?.value;
    if (document.documentElement.dataset.mantineColorScheme !== theme) set("mantine", { forceColorScheme: theme });
    document.getElementById("theme").setAttribute("aria-checked", String(theme === "dark"));
    const period = query.get("period") || pageNow().dataset.standard;
    if (chosen("language") !== query.get("lang")) hold("language", query.get("lang"));
    if (chosen("period") !== period) hold("period", period);
    if (query.get("series")) hold("series", query.get("series"));
  }

  function hold(control, value) {
    held[control] = value;
    set(control, { value });
  }

  // Whether a control tells something that the reader chose, not what it was set to. The address does not say: by the
  // time the control tells, it may be another one, after a quick step back and forward.
  function isChosen(control, value, bar) {
    if (bar !== lastBar) Object.assign(held, { series: bar?.series, period: bar?.period });
    lastBar = bar;
    const isNew = value !== held[control];
    held[control] = value;
    return isNew;
  }

  function askBar(page, query, version) {
    const asked = JSON.stringify([page.dataset.page, `?${query}`, version]);
    if (!(page.dataset.series || page.dataset.period) || asked === barAsked) return;
    barAsked = asked;
    set("bar-ask", { data: asked });
  }

  // --- arrows -----------------------------------------------------------------------------------------------------

  let heard = null; // what the bar was last told
  let steps = 0; // clicks on arrows, forwards positive, that wait to hear where they lead

  function isHeard() {
    const [name, search] = JSON.parse(heard?.asked || "[]");
    return name === pageNow().dataset.page && search === `?${whole()}`;
  }

  // The server says where an arrow leads; a click that is quicker is followed once it has said so.
  function step(way) {
    steps += way;
    if (!steps || !isHeard()) return;
    const target = heard[steps < 0 ? "previous" : "next"];
    steps = target ? steps - Math.sign(steps) : 0;
    const query = new URLSearchParams(target || "");
    if (target) change({ period: query.get("period"), from: query.get("from"), to: query.get("to"), zoom: null });
  }

  window.arrows = { previous: () => step(-1), next: () => step(1) };

  // --- the clock -------------------------------------------------------------------------------------------------

  // Show what is wrong, or that nothing is any more; whether that is news.
  function trouble(what) {
    const before = document.body.dataset.trouble || "";
    document.body.dataset.trouble = what;
    return before !== what;
  }

  async function poll() {
    if (document.hidden) return keep();
    let answer;
    try {
      answer = await (await fetch("/version", { cache: "no-store" })).json();
    } catch {
      trouble("offline");
      return keep();
    }
    if (!answer.version) {
      trouble("unreachable");
      return keep();
    }
    const failed = pageNow().querySelector(".message-failed");
    if (trouble("") || failed) epoch += 1;
    return `${answer.version}#${epoch}`;
  }

  // --- of charts -------------------------------------------------------------------------------------------------

  // What charts have just told, with their cards.
  function* told() {
    for (const { prop_id, value } of window.dash_clientside.callback_context.triggered) {
      const card = named(JSON.parse(prop_id.slice(0, prop_id.lastIndexOf("."))).name);
      if (card && value) yield [card, value];
    }
  }

  function zoom() {
    for (const [card, range] of told()) {
      if (!card.dataset.zooms) continue;
      if (range["xaxis.autorange"]) change({ zoom: null });
      const [start, end] = range["xaxis.range"] || [range["xaxis.range[0]"], range["xaxis.range[1]"]];
      const ends = [instant(start), instant(end)].map((ms) => Math.round(ms / MINUTE) * MINUTE);
      if (ends.every(Number.isFinite) && ends[0] < ends[1]) change({ zoom: ends.join("-") });
    }
    return keep();
  }

  // A click on a point sets the option that the card names to the first of the point's customdata.
  function pick() {
    for (const [card, { points }] of told()) {
      const point = points?.[0];
      if (!card.dataset.picks || !point) continue;
      // Dash leaves the customdata of a heat map behind; its x and y are places in it.
      const all = card.querySelector(".js-plotly-plot").data[point.curveNumber].customdata;
      const [picked] = point.customdata || all?.[point.y]?.[point.x] || [];
      if (picked) change({ [card.dataset.picks]: picked });
    }
    return keep();
  }

  // Choices of the page's own, by name; one that has its standard is left out of the address.
  function option() {
    const standards = JSON.parse(pageNow().dataset.options);
    const parts = {};
    for (const { id, value } of window.dash_clientside.callback_context.inputs_list[0]) {
      if (value === null || value === undefined || !(id.name in standards)) continue;
      const text = Array.isArray(value) ? value.join(",") : String(value);
      if (text === (params().get(id.name) ?? standards[id.name])) continue;
      parts[id.name] = text === standards[id.name] ? null : text;
    }
    if (Object.keys(parts).length) {
      window.cards.fromControl();
      change(parts);
    }
    return keep();
  }

  // --- callbacks -------------------------------------------------------------------------------------------------

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.shell = {
    poll,
    zoom,
    pick,
    option,

    moved(_href, version, _children) {
      const page = pageNow();
      if (!page) return keep();
      const query = whole();
      if (document.getElementById("main").dataset.language !== query.get("lang")) {
        set("shell-ask", { data: { page: page.dataset.page, search: `?${query}`, touch: window.cards.touch } });
        return keep();
      }
      showPage(page, query);
      showControls(query);
      askBar(page, query, version);
      look(version);
      return keep();
    },

    // `bar`: what the server last said of the bar; a control that it set says nothing new.
    told(bar) {
      for (const name of ["previous", "next"]) {
        const arrow = document.getElementById(name);
        if (bar?.[name]) arrow.href = bar[name];
        else arrow.removeAttribute("href");
        arrow.setAttribute("aria-disabled", String(!bar?.[name]));
      }
      if (bar && !isPicking) set("days", { value: [bar.from, bar.to] });
      heard = bar;
      step(0);
      return keep();
    },

    series(key, bar) {
      const isAsked = key === (params().get("series") || bar?.series);
      if (isChosen("series", key, bar) && key && !isAsked) change({ series: key, zoom: null });
      return keep();
    },

    period(name, bar) {
      const isAsked = name === (params().get("period") || pageNow().dataset.standard);
      if (!isChosen("period", name, bar) || !name || isAsked) return keep();
      if (name !== "own") change({ period: name, from: null, to: null, zoom: null });
      else change({ period: name, from: bar?.from, to: bar?.to, zoom: null });
      return keep();
    },

    days(range, bar) {
      const [from, to] = range || [];
      isPicking = Boolean(from && !to);
      if (from && to && bar && !(from === bar.from && to === bar.to)) change({ period: "own", from, to, zoom: null });
      return keep();
    },

    language(code, bar) {
      if (isChosen("language", code, bar) && code && code !== language(params())) change({ lang: code });
      return keep();
    },
  };
})();
