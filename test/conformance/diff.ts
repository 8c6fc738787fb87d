import { canonical } from './suite.ts';

/** A line diff of two values as indented JSON: `-` is expected, `+` what came instead. Equal stretches are cut short. */
export function diffOf(expected: unknown, actual: unknown): string {
  const lines = (value: unknown) =>
    (typeof value === 'string'
      ? JSON.stringify(value).replaceAll('\\n', '\\n\n')
      : canonical(value, 1)
    ).split('\n');
  const [a, b] = [lines(expected), lines(actual)];
  const rows = lcs(a.slice(0, 600), b.slice(0, 600));
  const shown: string[] = [];
  for (const [index, row] of rows.entries()) {
    const near = rows.slice(Math.max(0, index - 2), index + 3).some((other) => other[0] !== ' ');
    if (near) shown.push(row.length > 300 ? `${row.slice(0, 300)}…` : row);
    else if (shown.at(-1) !== ' …') shown.push(' …');
  }
  return shown.slice(0, 80).join('\n');
}

function lcs(a: string[], b: string[]): string[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i]![j] =
        a[i] === b[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
    }
  }
  const rows: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      rows.push(` ${a[i++]}`);
      j++;
    } else if (i < a.length && (j >= b.length || table[i + 1]![j]! >= table[i]![j + 1]!))
      rows.push(`-${a[i++]}`);
    else rows.push(`+${b[j++]}`);
  }
  return rows;
}
