/** Two texts compared line by line. */
export interface DifferenceLine {
  /** ` ` in both, `-` in the first, `+` in the second. */
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** Lines that are compared at most; beyond that a text is shown as removed and the other as added. */
const LIMIT = 2000;

/** The lines of both texts, with as many in common as there are (longest common subsequence). */
export function lineDifference(before: string, after: string): DifferenceLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  if (a.length > LIMIT || b.length > LIMIT)
    return [
      ...a.map((text) => ({ mark: '-', text }) as const),
      ...b.map((text) => ({ mark: '+', text }) as const),
    ];
  // lengths[i][j]: lines in common from i and j on.
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i]![j] =
        a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  const lines: DifferenceLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ mark: ' ', text: a[i++]! });
      j++;
    } else if (j >= b.length || (i < a.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!))
      lines.push({ mark: '-', text: a[i++]! });
    else lines.push({ mark: '+', text: b[j++]! });
  }
  return lines;
}
