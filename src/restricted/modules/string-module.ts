/** Python's `string`, as Zope offers it to scripts. */
import { chargeMemory, chargeSteps } from '../runtime/budget.ts';
import { builtinEntry } from '../runtime/builtin-function.ts';
import { registerBuiltin } from '../runtime/builtins.ts';
import { TypeError } from '../runtime/errors.ts';
import { SPACE } from '../runtime/text.ts';
import { typeName } from '../runtime/types.ts';
import { findModule, registerModule } from './registry.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const WHITESPACE = ' \t\n\r\v\f';

const SPACES = new RegExp(`(?:${SPACE.source})+`);
const wordsOf = (text: string) => text.split(SPACES).filter((word) => word !== '');

registerModule(
  'string',
  {
    ascii_letters: LOWER + LOWER.toUpperCase(),
    ascii_lowercase: LOWER,
    ascii_uppercase: LOWER.toUpperCase(),
    digits: DIGITS,
    hexdigits: `${DIGITS}abcdefABCDEF`,
    octdigits: '01234567',
    printable: DIGITS + LOWER + LOWER.toUpperCase() + PUNCTUATION + WHITESPACE,
    punctuation: PUNCTUATION,
    whitespace: WHITESPACE,
    ...Object.fromEntries([
      builtinEntry('capwords', 's, sep=', (s: unknown, sep: unknown) => {
        if (typeof s !== 'string') throw new TypeError(`expected str, not ${typeName(s)}`);
        chargeMemory(s.length * 24);
        chargeSteps(s.length >>> 1);
        const by = typeof sep === 'string' ? sep : undefined;
        const parts = by === undefined ? wordsOf(s) : s.split(by);
        for (const [n, word] of parts.entries()) {
          chargeSteps(1);
          chargeMemory(64);
          parts[n] = word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
        }
        return parts.join(by ?? ' ');
      }),
    ]),
  },
  { denied: ['Formatter', 'Template'] },
);
registerBuiltin('string', findModule('string'));
