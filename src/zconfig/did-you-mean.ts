/** The names nearest to a mistyped one. */
export function didYouMean(word: string, names: readonly string[]): string[] {
  const scored = names.map((name) => [name, distance(word, name)] as const);
  const limit = Math.max(1, Math.floor(word.length / 3));
  return scored
    .filter(([name, score]) => score <= limit || (word.length > 2 && name.startsWith(word)))
    .sort((a, b) => a[1] - b[1])
    .map(([name]) => name)
    .slice(0, 3);
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_unused, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
