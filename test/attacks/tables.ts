/** All tables of attempts, by language. */
import { DTML } from './dtml.ts';
import type { Attempt } from './lab.ts';
import { PAGES } from './pages.ts';
import { PYTHON } from './python.ts';
import { TALES } from './tales.ts';
import { TYPESCRIPT } from './typescript.ts';

export const TABLES = {
  DTML,
  'Script (Python)': PYTHON,
  'Script (TypeScript)': TYPESCRIPT,
  'TALES and TAL': [...TALES, ...PAGES],
} satisfies Readonly<Record<string, readonly Attempt[]>>;
