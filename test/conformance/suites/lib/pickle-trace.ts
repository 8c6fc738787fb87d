/** The opcodes of a pickle of protocol 3, for comparing two of them. */
import { utf8Text } from '../../../../src/pickle/text.ts';

const TEXT = 0x58;
const SHORT_BYTES = 0x43;
const BYTES = 0x42;

/** How many bytes the argument of an opcode has; opcodes that are not here have none. */
const WIDTHS: Readonly<Record<number, number>> = {
  0x47: 8,
  0x4a: 4,
  0x4b: 1,
  0x4d: 2,
  0x80: 1,
  0x82: 1,
  0x83: 2,
  0x84: 4,
};
/** Opcodes whose argument is counted by one byte or four. */
const COUNTED: Readonly<Record<number, number>> = {
  [TEXT]: 4,
  [SHORT_BYTES]: 1,
  [BYTES]: 4,
  0x8a: 1,
  0x8b: 4,
};

/**
 * One line for each opcode. Texts and bytes appear in full wherever they are used, and the memo is numbered without them: Python
 * refers to the same text only where it is the same object, which other readers of the pickle cannot know.
 */
export function traceOf(pickle: Uint8Array): string[] {
  const data = Buffer.from(pickle);
  const lines: string[] = [];
  const memo = new Map<number, string>();
  let places = 0;
  for (let at = 0; at < data.length;) {
    const opcode = data[at++]!;
    if (opcode === 0x71 || opcode === 0x72) {
      const isLast = /^(?:58|42|43) /.test(lines.at(-1)!);
      memo.set(opcode === 0x71 ? data[at]! : data.readUInt32LE(at), isLast ? lines.at(-1)! : `get ${places}`);
      if (!isLast) lines.push(`put ${places++}`);
      at += opcode === 0x71 ? 1 : 4;
      continue;
    }
    if (opcode === 0x68 || opcode === 0x6a) {
      lines.push(memo.get(opcode === 0x68 ? data[at]! : data.readUInt32LE(at))!);
      at += opcode === 0x68 ? 1 : 4;
      continue;
    }
    let width = WIDTHS[opcode] ?? 0;
    const counted = COUNTED[opcode];
    if (counted !== undefined) {
      width = counted === 1 ? data[at]! : data.readUInt32LE(at);
      at += counted;
    } else if (opcode === 0x63) width = data.indexOf(0x0a, data.indexOf(0x0a, at) + 1) + 1 - at;
    lines.push(`${opcode.toString(16)} ${argument(opcode, data.subarray(at, at + width))}`);
    at += width;
  }
  return lines;
}

/** Texts are compared as JavaScript sees them: a pair of surrogates is the character that it stands for. */
function argument(opcode: number, bytes: Uint8Array): string {
  return opcode === TEXT
    ? JSON.stringify(utf8Text(bytes, 0, bytes.length))
    : Buffer.from(bytes).toString('hex');
}
