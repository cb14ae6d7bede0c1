// The MongoDB client of functions (atlas.md 1.5): what is not here does not exist there. Runs inside their context.
(function (call, bson) {
  "use strict";

  const OPTIONS = {
    find: [], findOne: [], insertOne: [], insertMany: ["ordered"], updateOne: ["upsert", "arrayFilters"],
    updateMany: ["upsert", "arrayFilters"], deleteOne: [], deleteMany: [], aggregate: [], count: [], distinct: [],
    bulkWrite: ["ordered", "bypassDocumentValidation"],
  };
  const BULK = {
    insertOne: ["document"], updateOne: ["filter", "update", "upsert"], updateMany: ["filter", "update", "upsert"],
    deleteOne: ["filter"], deleteMany: ["filter"], replaceOne: ["filter", "replacement", "upsert"],
  };

  function document(given, what, absent) {
    if (given === undefined && absent !== undefined) return absent;
    if (given === null || typeof given !== "object" || Array.isArray(given)) {
      throw new TypeError(what + " must be a document");
    }
    return bson.store(given, what);
  }

  function known(given, method) {
    const options = given === undefined ? {} : given;
    if (options === null || typeof options !== "object") throw new TypeError(method + ": options must be an object");
    for (const name of Object.keys(options)) {
      if (OPTIONS[method].indexOf(name) < 0) throw new TypeError(method + " has no option " + name + " in a function");
    }
    return bson.pass(options);
  }

  class Cursor {
    constructor(request, steps) {
      this.$request = request;
      for (const step of steps) {
        this[step] = (amount) => {
          if (this.$documents) throw new Error("cursor." + step + " after documents were taken");
          request[step] = step === "sort" ? document(amount, "the sort") : Number(amount);
          return this;
        };
      }
    }
    toArray() {
      if (this.$documents) throw new Error("this cursor has been read already");
      this.$documents = call("database", this.$request).then(bson.unpack);
      return this.$documents;
    }
    async next() {
      if (!this.$documents) {
        this.$place = 0;
        this.$documents = call("database", this.$request).then(bson.unpack);
      } else {
        await call("step", {});
      }
      const documents = await this.$documents;
      return documents[this.$place++];
    }
  }

  class Collection {
    constructor(database, name) {
      this.$place = { database, collection: name };
    }
    find(query, projection, options) {
      return new Cursor(this.$find("find", query, projection, options), ["sort", "skip", "limit"]);
    }
    async findOne(query, projection, options) {
      const found = await this.$call("findOne", this.$find("findOne", query, projection, options));
      return bson.unpack(found)[0] || null;
    }
    aggregate(pipeline, options) {
      if (!Array.isArray(pipeline)) throw new TypeError("aggregate takes an array of stages");
      known(options, "aggregate");
      return new Cursor(this.$at("aggregate", { pipeline: bson.store(pipeline, "the pipeline") }), ["skip"]);
    }
    count(query, options) {
      known(options, "count");
      return this.$call("count", { query: document(query, "the query", {}) }).then(bson.unpack);
    }
    distinct(field, query, options) {
      if (typeof field !== "string") throw new TypeError("distinct takes the name of a field");
      known(options, "distinct");
      return this.$call("distinct", { field, query: document(query, "the query", {}) }).then(bson.unpack);
    }
    insertOne(given, options) {
      known(options, "insertOne");
      return this.$call("insertOne", { document: document(given, "the document") }).then(bson.unpack);
    }
    insertMany(given, options) {
      if (!Array.isArray(given) || given.length === 0) throw new TypeError("insertMany takes documents, at least one");
      const documents = given.map((each, index) => document(each, "document " + index));
      return this.$call("insertMany", { documents, options: known(options, "insertMany") }).then(bson.unpack);
    }
    updateOne(query, update, options) { return this.$update("updateOne", query, update, options); }
    updateMany(query, update, options) { return this.$update("updateMany", query, update, options); }
    deleteOne(query, options) { return this.$delete("deleteOne", query, options); }
    deleteMany(query, options) { return this.$delete("deleteMany", query, options); }
    bulkWrite(given, options) {
      if (!Array.isArray(given) || given.length === 0) throw new TypeError("bulkWrite takes operations, at least one");
      const operations = given.map((operation, index) => bulk(operation, "operation " + index));
      return this.$call("bulkWrite", { operations, options: known(options, "bulkWrite") }).then(() => null);
    }
    $at(method, request) { return Object.assign({ method }, this.$place, request); }
    async $call(method, request) { return call("database", this.$at(method, request)); }
    $find(method, query, projection, options) {
      known(options, method);
      const wanted = document(projection === null ? undefined : projection, "the projection", {});
      return this.$at(method, { query: document(query, "the query", {}), projection: wanted });
    }
    $update(method, query, update, options) {
      const change = Array.isArray(update) ? bson.store(update, "the update") : document(update, "the update");
      const request = { query: document(query, "the query"), update: change, options: known(options, method) };
      return this.$call(method, request).then(bson.unpack);
    }
    $delete(method, query, options) {
      known(options, method);
      return this.$call(method, { query: document(query, "the query") }).then(bson.unpack);
    }
  }

  function bulk(operation, place) {
    const names = operation && typeof operation === "object" ? Object.keys(operation) : [];
    if (names.length !== 1 || !BULK[names[0]]) throw new TypeError(place + " is none of " + Object.keys(BULK).join(", "));
    const parts = operation[names[0]];
    for (const part of Object.keys(parts)) {
      if (BULK[names[0]].indexOf(part) < 0) throw new TypeError(place + ": " + names[0] + " has no " + part);
    }
    return { [names[0]]: bson.store(parts, place) };
  }

  class Database {
    constructor(name) { this.$name = name; }
    collection(name) {
      if (typeof name !== "string" || name === "") throw new TypeError("collection takes a name");
      return new Collection(this.$name, name);
    }
  }

  return {
    db: (name) => {
      if (typeof name !== "string" || name === "") throw new TypeError("db takes a name");
      return new Database(name);
    },
    startSession: () => {
      throw new Error("transactions are not offered here: they cannot write to a time-series collection");
    },
  };
})
