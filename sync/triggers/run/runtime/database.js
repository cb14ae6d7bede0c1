// The MongoDB client of functions (atlas.md 1.5): of what it has there, that which the functions of this project use; no
// method has what it lacks there. Runs inside their context.
(function (call, bson, facts) {
  "use strict";

  const OPTIONS = { insertMany: ["ordered"], bulkWrite: ["ordered"] };
  const BULK = { updateOne: ["filter", "update", "upsert"], replaceOne: ["filter", "replacement", "upsert"] };

  function document(given, what, absent) {
    if (given === undefined && absent !== undefined) return absent;
    if (given === null || typeof given !== "object" || Array.isArray(given)) {
      throw new TypeError(what + " must be a document");
    }
    return bson.store(given, what);
  }

  function known(given, method) {
    const options = given === undefined ? {} : document(given, method + ": options");
    for (const name of Object.keys(options)) {
      if ((OPTIONS[method] || []).indexOf(name) < 0) throw new TypeError(method + " has no option " + name + " in a function");
    }
    return options;
  }

  function list(given, method) {
    if (Array.isArray(given) && given.length) return given;
    throw new TypeError(method + " takes an array, at least one");
  }

  function bulk(operation, place) {
    const names = operation && typeof operation === "object" ? Object.keys(operation) : [];
    if (names.length !== 1 || Object.keys(BULK).indexOf(names[0]) < 0) throw new TypeError(place + " is none of " + Object.keys(BULK).join(", "));
    for (const part of Object.keys(operation[names[0]])) {
      if (BULK[names[0]].indexOf(part) < 0) throw new TypeError(place + ": " + names[0] + " has no " + part);
    }
    return bson.store(operation, place);
  }

  class Cursor {
    constructor(request, steps) {
      for (const step of steps) {
        this[step] = (amount) => {
          request[step] = step === "sort" ? document(amount, "the sort") : Number(amount);
          return this;
        };
      }
      this.toArray = async () => bson.unpackStored(await call("database", request));
      this.next = async () => {
        if (!this.$read) this.$read = (await this.toArray()).values();
        const { value, done } = this.$read.next();
        return done && facts.next_at_end === "null" ? null : value;
      };
    }
  }

  class Collection {
    constructor(database, collection) {
      this.$at = (method, parts, options) => {
        return Object.assign({ method, database, collection, options: known(options, method) }, parts);
      };
      this.$call = async (...asked) => bson.unpackStored(await call("database", this.$at(...asked)));
    }
    $find(method, query, projection, options) {
      const shown = document(projection === null ? undefined : projection, "the projection", {});
      return this.$at(method, { query: document(query, "the query", {}), projection: shown }, options);
    }
    find(...asked) { return new Cursor(this.$find("find", ...asked), ["sort", "limit"]); }
    async findOne(...asked) { return bson.unpackStored(await call("database", this.$find("findOne", ...asked))); }
    aggregate(pipeline, options) {
      const stages = bson.store(list(pipeline, "aggregate"), "the pipeline");
      return new Cursor(this.$at("aggregate", { pipeline: stages }, options), []);
    }
    async insertOne(given, options) {
      return this.$call("insertOne", { document: document(given, "the document") }, options);
    }
    async insertMany(given, options) {
      const documents = list(given, "insertMany").map((one, index) => document(one, "document " + index));
      const result = await this.$call("insertMany", { documents }, options);
      if (facts.inserted_ids === "absent") return {};
      return facts.inserted_ids === "array" ? result : { insertedIds: Object.assign({}, result.insertedIds) };
    }
    async updateMany(query, update, options) {
      const parts = { query: document(query, "the query"), update: document(update, "the update") };
      const result = await this.$call("updateMany", parts, options);
      return facts.matched_count === "not counted" ? {} : result;
    }
    async deleteMany(query, options) {
      return this.$call("deleteMany", { query: document(query, "the query") }, options);
    }
    async bulkWrite(given, options) {
      const operations = list(given, "bulkWrite").map((operation, index) => bulk(operation, "operation " + index));
      const result = await this.$call("bulkWrite", { operations }, options);
      return facts.bulk_result === "object" ? {} : result;
    }
  }

  function named(name, make) {
    if (typeof name !== "string" || name === "") throw new TypeError("a database and a collection have a name");
    return make(name);
  }

  return {
    db: (name) => named(name, (database) => {
      return { collection: (text) => named(text, (collection) => new Collection(database, collection)) };
    }),
  };
})
