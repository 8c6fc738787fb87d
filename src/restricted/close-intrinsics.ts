/**
 * The second line behind the guards: prototypes of JavaScript's own classes that nothing can be added to, and most of which cannot be
 * changed at all, so that a hole in the first line would poison nothing for the requests that follow. Untrusted code reaches none of them.
 *
 * Not everything is frozen, as `--frozen-intrinsics` does: it costs 25 ms at each start, warns, and changes how properties of ordinary
 * objects behave. A frozen `Object.prototype` refuses `o.toString = …` and `o[word] = …` where the word is the name of one of its methods, and a
 * frozen `Error.prototype` refuses `error.name = …`: those and `Function.prototype` are closed for what is new only. So are lists and typed arrays:
 * where their prototypes are frozen, V8 stores every item of a typed array a hundred times slower, also in Node's own queues, and lets lists
 * grow twenty times slower. `RegExp.prototype` stays as it is: V8 replaces and splits by a pattern six times slower once it is not in its first state.
 */
let closed = false;

/** Prototypes along which only methods are found: nobody assigns a property of such a name to an instance. */
function frozenOnes(): Set<object> {
  const found = new Set<object>();
  for (const cls of [
    ArrayBuffer,
    BigInt,
    Boolean,
    DataView,
    Map,
    Number,
    Promise,
    Set,
    String,
    Symbol,
    WeakMap,
    WeakRef,
    WeakSet,
  ])
    found.add(cls.prototype);
  const samples: object[] = [
    [].values(),
    new Map().values(),
    new Set().values(),
    ''[Symbol.iterator](),
    (function* () {})(),
    (async function* () {})(),
  ];
  for (const sample of samples) {
    for (let at = Object.getPrototypeOf(sample) as object; at !== Object.prototype;) {
      found.add(at);
      at = Object.getPrototypeOf(at) as object;
    }
  }
  return found;
}

/** Idempotent, and for good: for threads that serve a site, once its code is loaded. Takes about 0.2 ms. */
export function closeIntrinsics(): void {
  if (closed) return;
  closed = true;
  for (const prototype of frozenOnes()) Object.freeze(prototype);
  for (const namespace of [JSON, Math, Reflect, Atomics]) Object.freeze(namespace);
  const TypedArray = Object.getPrototypeOf(Uint8Array) as typeof Uint8Array;
  for (const cls of [Object, Function, Error, Array, TypedArray, Uint8Array])
    Object.preventExtensions(cls.prototype);
}
