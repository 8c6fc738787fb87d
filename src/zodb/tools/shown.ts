import { describedClass } from '../serialize-class.ts';
import { readClass } from '../serialize-pickle.ts';

/** Bytes as Python shows them. */
export function shownBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte === 10) text += '\\n';
    else if (byte === 13) text += '\\r';
    else if (byte === 9) text += '\\t';
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  if (text.includes("'") && !text.includes('"')) return `b"${text}"`;
  return `b'${text.replaceAll("'", String.raw`\'`)}'`;
}

/** A tid's time as Python's `TimeStamp` shows it, e.g. `2026-11-28 13:05:09.123456`. */
export function shownTime(tid: bigint): string {
  const total = Number(tid >> 32n);
  const seconds = (Number(tid & 0xffff_ffffn) * 60) / 2 ** 32;
  const minute = total % 60;
  const hour = Math.floor(total / 60) % 24;
  const day = (Math.floor(total / 1440) % 31) + 1;
  const month = (Math.floor(total / (1440 * 31)) % 12) + 1;
  const year = Math.floor(total / (1440 * 31 * 12)) + 1900;
  const two = (n: number) => String(n).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${seconds.toFixed(6).padStart(9, '0')}`;
}

/** An oid as Python's tools show it: two digits for each byte, without those that are 0. */
export function shownOid(oid: bigint | number): string {
  const digits = oid.toString(16);
  return `0x${digits.length % 2 === 1 ? '0' : ''}${digits}`;
}

export const hex16 = (n: bigint | number): string => n.toString(16).padStart(16, '0');

/** The class that a record names; what is wrong with it when it names none. */
export function classOfRecord(data: Uint8Array): string {
  try {
    const { info } = describedClass(readClass(data));
    return `${info.module}.${info.name}`;
  } catch (error) {
    return `(unreadable: ${(error as Error).message})`;
  }
}
