// Texts that may be shown: every whole PRM cut to its last four digits, every token and password gone, in one line, cut
// to `most` characters. Scrubbed first and cut after: of a PRM that was cut nothing could be known any more.
//
//   shownText(["…"], 200) -> ["…"]

const LONGEST_LOOKED_AT = 4000;

// Half of a letter that was cut in two is no text, and no database takes it: such letters (emoji) are not shown at all.
function plain(text) {
  return text.split("").map((unit) => (unit >= "\ud800" && unit <= "\udfff" ? "?" : unit)).join("");
}

function shown(text, most) {
  const whole = String(text);
  const cut = whole.length > LONGEST_LOOKED_AT;
  const beginning = cut ? whole.slice(0, LONGEST_LOOKED_AT).replace(/[A-Za-z0-9_.-]{0,600}$/, "") : whole;
  const line = plain(beginning)
    .replace(/eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}/g, "<token>")
    .replace(/[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g, "<token>")
    .replace(/\/\/[^\s/@]*@/g, "//<password>@")
    .replace(/\d{14,}/g, (digits) => `…${digits.slice(-4)}`)
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
    .trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

exports = function shownText(texts, most) {
  return texts.map((text) => shown(text, most));
};
