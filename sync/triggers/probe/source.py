"""The source of the one function that the probe deploys, made from the table of facts.

It is written with the plainest JavaScript, as it must run where an assumption does not hold, and returns one text: what
the platform makes of an object is none of its business.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..facts import Fact

NAME = "linkyProbe"
MARK = "// linkyProbe of linky-atlas: tries facts of the platform, removed when it is done"
LINES = 30

HEAD = """
const kindOf = (found, number) => {
  if (typeof found === "number") return "number";
  return Number(found) === number ? "object" : "opaque object";
};
const echo = (given) => {
  if (given.echo === "throw") throw new Error("words of the probe");
  const at = given.at === undefined ? "" : typeof given.at.getTime === "function" ? "Date" : "text";
  const empty = "empty" in given ? String(given.empty) : "absent";
  return { at: at, empty: empty };
};
"""
RUN = """
exports = async function linkyProbe(given) {
  if (given.echo) return echo(given);
  const told = {};
  const linked = given.service ? context.services.get(given.service) : undefined;
  const db = linked ? linked.db(given.database) : undefined;
  const sides = db ? [db.collection(given.record), db.collection(given.mirror)] : [undefined, undefined];
  for (const name of Object.keys(TRIES)) {
    try {
      told[name] = { outcome: String(await TRIES[name](sides[0], sides[1], given)) };
    } catch (error) {
      told[name] = { trouble: String(error && error.message ? error.message : error) };
    }
  }
  for (let line = 1; line <= given.lines; line += 1) console.log("line " + line);
  return JSON.stringify(told);
};
"""


def source_of(facts: Iterable[Fact]) -> str:
    """A function that tries these facts and tells of each `{outcome}` or `{trouble}`."""
    tries = "".join(f"  {fact.name}: async (record, mirror, given) => {{\n  {fact.body}\n  }},\n" for fact in facts)
    return f"{MARK}\n{HEAD}\nconst TRIES = {{\n{tries}}};\n{RUN}"
