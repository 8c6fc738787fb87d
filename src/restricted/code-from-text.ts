/**
 * Takes away JavaScript's ways to make code of texts from this thread, for good: `eval`, and the constructors of all kinds of
 * functions. What templates and scripts are compiled to is made by `vm.compileFunction`, which needs none of them.
 *
 * New threads have V8's `--disallow-code-generation-from-strings`; the thread that a process begins in reads that flag before any
 * code of ours runs, so the ways are closed by hand where it serves a site itself. Whoever starts Node with `--frozen-intrinsics` adds
 * V8's flag there, too: frozen constructors cannot be exchanged.
 */
let forbidden = false;

function refuse(): never {
  throw new EvalError('Code generation from strings disallowed for this context');
}

/** Idempotent. `instanceof Function` and the constructors of functions go on to agree. */
export function forbidCodeFromText(): void {
  if (forbidden) return;
  forbidden = true;
  const kinds = [
    () => {},
    // oxlint-disable-next-line require-await
    async () => {},
    function* () {},
    async function* () {},
  ];
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind) as { constructor: { name: string } };
    // Frozen by `--frozen-intrinsics`: then only the engine's own flag can do it.
    if (Object.getOwnPropertyDescriptor(prototype, 'constructor')?.configurable !== true) return;
    const { name } = prototype.constructor;
    const closed = function (): never {
      return refuse();
    };
    Object.defineProperty(closed, 'name', { value: name });
    Object.defineProperty(closed, 'prototype', { value: prototype, writable: false });
    Object.defineProperty(prototype, 'constructor', { value: closed, writable: false, configurable: false });
    if (name === 'Function')
      Object.defineProperty(globalThis, name, { value: closed, writable: false, configurable: false });
  }
  Object.defineProperty(globalThis, 'eval', { value: refuse, writable: false, configurable: false });
}
