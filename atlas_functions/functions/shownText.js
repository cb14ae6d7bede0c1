// Texts that may be shown: every whole PRM cut to its last four digits, every token and password gone, in one line, cut
// to `most` characters. Scrubbed first and cut after: of a PRM that was cut nothing could be known any more.
//
//   shownText(["…"], 200) -> ["…"]

const LONGEST_LOOKED_AT = 4000;

// Half of a letter that was cut in two is no text, and no database takes it: such letters (emoji) are not shown at all.
const plain = (text) => text.split("").map((unit) => (unit >= "\ud800" && unit <= "\udfff" ? "?" : unit)).join("");

function lineOfText(text, most) {
  const whole = String(text);
  const cut = whole.length > LONGEST_LOOKED_AT;
  const line = plain(cut ? whole.slice(0, LONGEST_LOOKED_AT).replace(/[\w.-]{0,600}$/, "") : whole)
    .replace(/eyJ[\w-]{8,}(\.[\w-]*){0,2}/g, "<token>")
    .replace(/([\w-]{8,}\.){2}[\w-]{8,}/g, "<token>")
    .replace(/\/\/[^\s/@]*@/g, "//<password>@")
    .replace(/\d{14,}/g, (digits) => `…${digits.slice(-4)}`)
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
    .trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

exports = (texts, most) => texts.map((text) => lineOfText(text, most));
