// A rolldown plugin for what costs time when Node loads a chunk.

/**
 * Node's own modules are asked for by a call: an `import` of them makes Node read every property that they export, and those of
 * `node:http` load all that `fetch` is made of (16 ms).
 */
function withoutBuiltinImports(code) {
  return code.replace(
    /^import (?:(\w[\w$]*)(?:, )?)?(?:\* as ([\w$]+)|\{([^}]*)\})? from "(node:[^"]+)";$/gm,
    (_, byDefault, all, names, id) => {
      const called = `process.getBuiltinModule("${id}")`;
      const parts = [byDefault, all, names && `{${names.replaceAll(/([\w$]+) as ([\w$]+)/g, '$1: $2')}}`];
      return parts
        .filter((part) => part !== undefined)
        .map((part) => `const ${part} = ${called};`)
        .join(' ');
    },
  );
}

/** A source with one letter outside of Latin-1 takes two bytes for each, and longer to read. */
function inAscii(code) {
  if (/\\[^\u0000-\u007f]/.test(code) || /\braw`[^`]*[^\u0000-\u007f]/.test(code))
    throw new Error('a letter outside of ASCII that cannot be written as an escape');
  return code.replaceAll(
    /[^\u0000-\u007f]/g,
    (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export const quickToLoad = {
  name: 'quick-to-load',
  // No line changes its number.
  renderChunk: (code) => ({ code: inAscii(withoutBuiltinImports(code)), map: null }),
};
