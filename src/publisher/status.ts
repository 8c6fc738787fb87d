/** Status codes by number, phrase and exception name (INVENTORY P-126, P-127). */
import { STATUS_CODES } from 'node:http';
import { PyFloat } from '../pickle/index.ts';

/** Reason phrases where Python Zope's differ from those of Node. */
const own: Readonly<Record<number, string>> = {
  302: 'Found',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
  451: 'Unavailable for Legal Reasons',
  423: 'Locked',
  507: 'Insufficient Storage',
};

const byName = new Map<string, number>([
  ['nameerror', 503],
  ['keyerror', 503],
  ['redirect', 302],
  ['resourcelockederror', 423],
]);
for (const code of Object.keys(STATUS_CODES)) {
  const phrase = reasonOf(Number(code)).toLowerCase();
  byName.set(phrase, Number(code));
  byName.set(phrase.replaceAll(' ', ''), Number(code));
}

export function reasonOf(status: number): string {
  return own[status] ?? STATUS_CODES[status] ?? 'Unknown';
}

/** The code for a number, a numeric text, a reason phrase, or an exception or its name; 500 when nothing fits. */
export function statusOf(given: unknown): number {
  const status = given instanceof PyFloat ? Number(given) : given;
  if (typeof status === 'number') return STATUS_CODES[status] === undefined ? 500 : status;
  if (typeof status !== 'string') return 500;
  const text = status.toLowerCase();
  if (/^\d{3}$/.test(text) && STATUS_CODES[Number(text)] !== undefined) return Number(text);
  return byName.get(text) ?? 500;
}
