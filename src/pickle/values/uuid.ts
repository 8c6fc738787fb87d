import { BadValueError } from '../errors.ts';
import { KEY } from './key.ts';

/** A Python `uuid.UUID`. */
export class UUID {
  /** 32 lower-case hexadecimal digits. */
  readonly hex: string;
  /** Python's `SafeUUID` value (0 safe, -1 unsafe), undefined when unknown. */
  readonly isSafe: number | undefined;

  constructor(text: string, isSafe?: number) {
    this.hex = text
      .replace(/^urn:uuid:/, '')
      .replace(/[{}-]/g, '')
      .toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(this.hex)) throw new BadValueError(`badly formed UUID: ${text.slice(0, 60)}`);
    this.isSafe = isSafe;
    Object.freeze(this);
  }

  static fromInt(value: number | bigint, isSafe?: number): UUID {
    if (value < 0 || BigInt(value) >> 128n !== 0n) throw new BadValueError('UUID: int is out of range');
    return new UUID(value.toString(16).padStart(32, '0'), isSafe);
  }

  get int(): bigint {
    return BigInt(`0x${this.hex}`);
  }

  toString(): string {
    return this.hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  toJSON(): string {
    return this.toString();
  }

  [KEY](): string {
    return `uuid:${this.hex}`;
  }
}
