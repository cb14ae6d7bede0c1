// A moment in the form and the local zone that an API wants.
//
//   formatDate(moment, form, zone) -> text; with an array of moments, an array of texts
//
// moment: a Date or ms since 1970 UTC. form: YYYY MM DD HH mm ss Z (offset, +01:00) and anything between them, by
// default "YYYY-MM-DD". zone: one that localTime knows, by default "Europe/Paris".
//   formatDate(new Date(), "YYYY-MM-DD")                        -> "2026-11-21", the local day of Paris
//   formatDate(moments, "YYYY-MM-DDTHH:mm:ssZ", "Europe/Oslo")  -> ["2026-11-21T06:30:00+01:00", …]

function shaped(ms, wall, form) {
  const hours = Math.round((Date.parse(`${wall.replace(" ", "T")}Z`) - ms) / 3600000); // no zone of localTime is behind UTC
  const [YYYY, MM, DD, HH, mm, ss] = wall.split(/[- :]/);
  const parts = { YYYY, MM, DD, HH, mm, ss, Z: `+0${hours}:00` };
  return form.replace(/YYYY|MM|DD|HH|mm|ss|Z/g, (name) => parts[name]);
}

exports = async function formatDate(moment, form, zone) {
  const instants = (Array.isArray(moment) ? moment : [moment]).map((each) => new Date(each).getTime());
  if (instants.some(isNaN)) throw new Error("formatDate takes a Date, ms since 1970, or an array of these");
  const { walls } = await context.functions.execute("localTime", { zone: zone || "Europe/Paris", instants });
  const texts = instants.map((ms, index) => shaped(ms, walls[index], form || "YYYY-MM-DD"));
  return Array.isArray(moment) ? texts : texts[0];
};
