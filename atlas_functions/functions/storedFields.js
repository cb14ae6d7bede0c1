// The fields of the stored documents of a source between `series` and `flag`, in their order: [name, BSON type, optional].
//
//   storedFields("linky") -> [["wh", "Int32"], ["seconds", "Int32"]]
//
// The same declarations stand in the sources of sync/sources, as columns of typed arrays. An optional field is absent
// where a source does not say it, or where only some of its flows have it.

const FIELDS = {
  linky: [["wh", "Int32"], ["seconds", "Int32"]],
  elhub: [["wh", "Long"], ["seconds", "Int32"], ["updated", "Date", "optional"], ["meters", "Int32", "optional"]],
  energidata: [
    ["eur_mwh", "Double", "optional"],
    ["dkk_mwh", "Double", "optional"],
    ["wh", "Long", "optional"],
    ["seconds", "Int32"],
  ],
};

exports = function storedFields(source) {
  return FIELDS[source];
};
