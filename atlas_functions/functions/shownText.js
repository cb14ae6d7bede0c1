// Texts that may be shown: every whole PRM cut to its last four digits, every token gone, in one line, cut to `most`
// characters. Scrubbed first and cut after: of a PRM that was cut nothing could be known any more.
//
//   shownText(["…"], 200) -> ["…"]

const LONGEST_LOOKED_AT = 4000;

function shown(text, most) {
  const whole = String(text);
  const cut = whole.length > LONGEST_LOOKED_AT;
  const beginning = cut ? whole.slice(0, LONGEST_LOOKED_AT).replace(/[A-Za-z0-9_.-]{0,600}$/, "") : whole;
  const line = beginning
    .replace(/eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}/g, "<token>")
    .replace(/[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g, "<token>")
    .replace(/\d+/g, (digits) => (digits.length === 14 ? `…${digits.slice(-4)}` : digits))
    .replace(/\s+/g, " ")
    .trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

exports = function shownText(texts, most) {
  return texts.map((text) => shown(text, most));
};

if (typeof module !== "undefined") module.exports = exports;
