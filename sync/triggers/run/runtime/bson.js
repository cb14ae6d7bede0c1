// BSON and EJSON as the platform documents them, of the types that the functions of this project use. Runs inside their
// context; an expression that makes both. Nothing has a method here that the documentation does not name: a function that
// leans on one must fail. `facts`: how the platform behaves where nobody knows (facts.py).
(function (host, facts) {
  "use strict";

  function word(number, name) {
    const whole = number === undefined ? 0 : number;
    if (typeof whole !== "number" || Math.floor(whole) !== whole || whole < -2147483648 || whole > 4294967295) {
      throw new TypeError(name + " takes a 32-bit number, not " + String(whole));
    }
    return whole;
  }

  // `BSON.Int32(n)` is documented without `new`; with it means the same.
  function constructor(name, make) {
    const made = function (...parts) {
      const self = new.target ? this : Object.create(made.prototype);
      make(self, ...parts);
      return Object.freeze(self);
    };
    Object.defineProperty(made, "name", { value: name });
    return made;
  }

  const Int32 = constructor("Int32", function (self, low32) {
    if (word(low32, "BSON.Int32") > 2147483647) throw new TypeError("BSON.Int32 takes a 32-bit number, not " + low32);
    self.$text = String(word(low32));
  });
  const Long = constructor("Long", function (self, low32, high32) {
    self.$text = host.long(word(low32, "BSON.Long"), word(high32, "BSON.Long"));
  });
  const Double = constructor("Double", function (self, double) {
    if (double !== undefined && typeof double !== "number") throw new TypeError("BSON.Double takes a number");
    self.$number = double === undefined ? 0 : double;
  });
  let counter = host.random(3);
  class ObjectId {
    constructor(id) {
      if (id !== undefined && !(typeof id === "string" && /^[0-9a-fA-F]{24}$/.test(id))) {
        throw new TypeError("BSON.ObjectId takes a string of 24 hex characters");
      }
      counter = (counter + 1) % 16777216;
      const made = () => host.seconds() + host.process + ("00000" + counter.toString(16)).slice(-6);
      this.$text = id === undefined ? made() : id.toLowerCase();
      Object.freeze(this);
    }
    toString() { return this.$text; }
    toHexString() { return this.$text; }
  }

  class Binary {
    constructor(base64) {
      this.$base64 = base64;
      Object.freeze(this);
    }
    static fromBase64(base64) {
      // Not one pattern with a repeated group: that overflows the stack of V8 from some megabytes on.
      if (base64.length % 4 !== 0 || /[^A-Za-z0-9+/]/.test(base64.replace(/={1,2}$/, ""))) {
        throw new TypeError("BSON.Binary.fromBase64 takes base64 with its padding");
      }
      return new Binary(base64);
    }
    toBase64() { return this.$base64; }
    toHex() { return host.recode(this.$base64, "base64", "hex"); }
    text() { return facts.binary_text === "otherwise" ? this.$base64 : host.recode(this.$base64, "base64", "utf8"); }
  }

  function double(number) {
    if (number !== number) return { $numberDouble: "NaN" };
    if (Math.abs(number) === Infinity) return { $numberDouble: number > 0 ? "Infinity" : "-Infinity" };
    const text = Object.is(number, -0) ? "-0.0" : String(number);
    return { $numberDouble: Math.floor(number) === number && text.indexOf(".") < 0 && text.indexOf("e") < 0 ? text + ".0" : text };
  }

  const WRITERS = [
    [ObjectId, (id) => ({ $oid: id.$text })],
    [Int32, (number) => ({ $numberInt: number.$text })],
    [Long, (number) => ({ $numberLong: number.$text })],
    [Double, (number) => double(number.$number)],
  ];

  // As JSON.parse does: a field called __proto__ is a field, too.
  function put(packed, name, member) {
    Object.defineProperty(packed, name, { value: member, writable: true, enumerable: true, configurable: true });
  }

  function wholeNumber(number, type) {
    if (type === "double") return double(number);
    return type === "int" && Math.abs(number) <= 2147483647 ? { $numberInt: String(number) } : { $numberLong: String(number) };
  }

  // A whole number becomes an Int64, as in the platform's own EJSON: who wants another type must say so.
  function pack(member, place, undefinedIsAbsent, isKept) {
    if (member === null || typeof member === "string" || typeof member === "boolean") return member;
    if (typeof member === "number") {
      const whole = Math.floor(member) === member && Math.abs(member) <= 9007199254740991 && !Object.is(member, -0);
      return whole ? wholeNumber(member, undefinedIsAbsent ? "long" : facts.whole_number) : double(member);
    }
    if (member === undefined && undefinedIsAbsent) return null;
    if (typeof member !== "object") throw new TypeError(place + " is " + typeof member + ", which cannot become BSON");
    if (member instanceof Date) {
      if (isNaN(member.getTime())) throw new TypeError(place + " is an invalid Date");
      return { $date: { $numberLong: String(member.getTime()) } };
    }
    for (const [type, write] of WRITERS) if (member instanceof type) return write(member);
    if (Array.isArray(member)) return member.map((part, index) => pack(part, place + "." + index, undefinedIsAbsent, isKept));
    const packed = {};
    const names = plainKeys(member, place);
    for (const name of facts.key_order === "changed" && !undefinedIsAbsent ? names.sort() : names) {
      if (member[name] === undefined && undefinedIsAbsent && !isKept) continue;
      put(packed, name, pack(member[name], place + "." + name, undefinedIsAbsent, isKept));
    }
    return packed;
  }

  function plainKeys(member, place) {
    const prototype = Object.getPrototypeOf(member);
    if (prototype !== Object.prototype && prototype !== null) {
      const kind = (prototype.constructor && prototype.constructor.name) || "object";
      throw new TypeError(place + " is a " + kind + ", which cannot become BSON");
    }
    return Object.keys(member);
  }

  function long(text) {
    const number = Number(text);
    if (Math.abs(number) <= 9007199254740991) return number;
    const made = Object.create(Long.prototype);
    made.$text = text;
    return Object.freeze(made);
  }

  const READERS = {
    $oid: (hex) => new ObjectId(hex),
    $numberInt: Number,
    $numberLong: long,
    $numberDouble: Number,
    $date: (moment) => new Date(typeof moment === "string" ? moment : Number(moment.$numberLong)),
  };

  function unpacker(readers) {
    return function unpack(member) {
      if (member === null || typeof member !== "object") return member;
      if (Array.isArray(member)) return member.map(unpack);
      const names = Object.keys(member);
      if (names.length === 1 && Object.prototype.hasOwnProperty.call(readers, names[0])) return readers[names[0]](member[names[0]]);
      const unpacked = {};
      for (const name of names) put(unpacked, name, unpack(member[name]));
      return unpacked;
    };
  }

  // A number of the database, where it is no plain one: an object, of which Number() may make nothing.
  function read(fact, type, plain) {
    if (fact === "number") return plain;
    return (text) => {
      const made = Object.create(type.prototype, fact === "object" ? { valueOf: { value: () => Number(text) } } : {});
      made.$text = text;
      return Object.freeze(made);
    };
  }
  const STORED = Object.assign({}, READERS, {
    $numberInt: read(facts.int32_read, Int32, Number),
    $numberLong: read(facts.int64_read, Long, long),
  });
  const HANDED = Object.assign({}, READERS, {
    $date: (moment) => (facts.nested_date === "text" ? READERS.$date(moment).toISOString() : READERS.$date(moment)),
  });
  const unpack = unpacker(READERS);

  // `store` is for documents and queries, where undefined is a mistake; `pass` for arguments and results, where it is absent;
  // `hand` for those between functions.
  return {
    BSON: Object.freeze({ ObjectId, Int32, Long, Double, Binary }),
    EJSON: Object.freeze({
      stringify: (member) => JSON.stringify(pack(member, "EJSON.stringify", true)),
      parse: (text) => unpack(JSON.parse(text)),
    }),
    store: (member, place) => pack(member, place, false),
    pass: (member) => pack(member, "an argument or result", true),
    hand: (member) => pack(member, "an argument or result", true, facts.nested_undefined === "null"),
    unpack,
    unpackStored: unpacker(STORED),
    unpackHanded: unpacker(HANDED),
  };
})
