/** What an encoding does with single characters. Error handlers, and who pays for the work, are up to those who use it. */
export interface Encoding {
  /** As errors name it. */
  readonly name: string;
  /** The bytes of a code point; undefined: it has none here. */
  readonly encode: (code: number) => readonly number[] | undefined;
  /** What is wrong with a code point that has none. */
  readonly reason: string;
  /** Whether several wrong code points in a row are several errors. */
  readonly single?: true;
  /** Of encodings that change their state: an encoder for one text. */
  readonly encoder?: () => Encoder;
  /** Bytes before the first character. */
  readonly mark?: readonly number[];
  /** Bytes of one unit where a text is units of that size. */
  readonly unit?: 2 | 4;
  readonly bigEndian?: boolean;
  /** The characters of the 256 bytes of a single-byte encoding; empty: no character. */
  readonly table?: readonly string[];
  /** A decoder for one text. */
  readonly decoder?: () => Decoder;
  /** Encodes a whole piece at once where nothing in it can fail. */
  readonly quick?: (piece: string) => Uint8Array | undefined;
}

export interface Encoder {
  encode(code: number): readonly number[] | undefined;
  /** What ends the text. */
  end(): readonly number[];
}

export interface Decoder {
  /** Reads what is at a place, and says in `size` how many bytes that was. Undefined: those are none, for the `reason`. */
  decode(bytes: Uint8Array, at: number): string | undefined;
  size: number;
  reason: string;
}

/** What decoders that say at several places what is wrong have in common. */
export abstract class FailingDecoder implements Decoder {
  size = 0;
  reason = '';

  abstract decode(bytes: Uint8Array, at: number): string | undefined;

  /** `size` bytes are none, for a reason. */
  protected wrong(size: number, reason: string): undefined {
    this.size = size;
    this.reason = reason;
    return undefined;
  }
}

export const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;
