/** Classes that pass for one of the web's, which Node loads only when it is named (16 ms, and 4 MiB). */

type WebClass = 'Request' | 'Response';

/**
 * Puts the prototype of the global class behind that of `own`, so that `instanceof` holds: at once if the global class is there
 * already, otherwise in the moment in which somebody asks for it. Until then nothing can tell the difference.
 */
export function inheritLazily(own: { readonly prototype: object }, name: WebClass): void {
  const found = Object.getOwnPropertyDescriptor(globalThis, name);
  const link = (standard: { readonly prototype: object }) =>
    Object.setPrototypeOf(own.prototype, standard.prototype);
  if (found?.get === undefined || found.configurable !== true) {
    link(globalThis[name]);
    return;
  }
  Object.defineProperty(globalThis, name, {
    ...found,
    get(this: unknown) {
      // Node's own getter puts the class in its place.
      const standard = found.get!.call(this) as { readonly prototype: object };
      if (Object.getOwnPropertyDescriptor(globalThis, name)?.get !== undefined)
        Object.defineProperty(globalThis, name, found);
      link(standard);
      return standard;
    },
  });
}
