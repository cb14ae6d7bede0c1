// A moment in the form and the local zone that an API wants.
//
//   formatDate(moment, form, zone) -> text; with an array of moments, an array of texts
//
// moment: a Date or ms since 1970 UTC. form: YYYY MM DD HH mm ss Z (offset, +01:00) and anything between them, by
// default "YYYY-MM-DD". zone: one that localTime knows, by default "Europe/Paris".
//   formatDate(new Date(), "YYYY-MM-DD")                        -> "2026-11-21", the local day of Paris
//   formatDate(moments, "YYYY-MM-DDTHH:mm:ssZ", "Europe/Oslo")  -> ["2026-11-21T06:30:00+01:00", …]

function offsetText(instant, wall) {
  const minutes = Math.round((Date.parse(wall.replace(" ", "T") + "Z") - Math.floor(instant / 1000) * 1000) / 60000);
  const two = (number) => ("0" + number).slice(-2);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

function shaped(instant, wall, form) {
  const parts = {
    YYYY: wall.slice(0, 4),
    MM: wall.slice(5, 7),
    DD: wall.slice(8, 10),
    HH: wall.slice(11, 13),
    mm: wall.slice(14, 16),
    ss: wall.slice(17, 19),
    Z: offsetText(instant, wall),
  };
  return form.replace(/YYYY|MM|DD|HH|mm|ss|Z/g, (name) => parts[name]);
}

exports = async function formatDate(moment, form, zone) {
  const moments = (Array.isArray(moment) ? moment : [moment]).map((each) => new Date(each).getTime());
  if (moments.some(isNaN)) throw new Error("formatDate takes a Date, ms since 1970, or an array of these");
  const local = await context.functions.execute("localTime", { zone: zone || "Europe/Paris", instants: moments });
  const texts = moments.map((each, index) => shaped(each, local.walls[index], form || "YYYY-MM-DD"));
  return Array.isArray(moment) ? texts : texts[0];
};
