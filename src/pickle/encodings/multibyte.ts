/** Encodings of several bytes a character: those of China, Japan and Korea. */
import { type Encoding, FailingDecoder } from './encoding.ts';
import { type MultibyteTable, multibyteTables } from './multibyte-tables.ts';

const PRIVATE = /[\ue000-\uf8ff]/;
const ILLEGAL = 'illegal multibyte sequence';
const INCOMPLETE = 'incomplete multibyte sequence';

const bytesOf = (place: number): number[] =>
  place > 0xffff
    ? [place >>> 16, (place >>> 8) & 255, place & 255]
    : place > 0xff
      ? [place >>> 8, place & 255]
      : [place];

/** Both directions between characters and the one, two or three bytes of their places. */
class Characters {
  /** Of places of two bytes; 0: none. */
  readonly pairs = new Uint16Array(0x10000);
  /** Of places of three bytes, without the first. */
  readonly triples = new Uint16Array(0x10000);
  readonly places = new Map<number, number>();

  constructor(name: string, table: MultibyteTable) {
    // One that throws takes ten times as long for what is no character.
    const decoder = new TextDecoder(table.label, { ignoreBOM: true });
    const known = (bytes: readonly number[]): number => {
      const text = decoder.decode(Uint8Array.from(bytes));
      if (text.length !== 1 || text === '\ufffd') return 0;
      return table.privateUse || !PRIVATE.test(text) ? text.charCodeAt(0) : 0;
    };
    for (let lead = 0x81; lead < 255; lead++)
      for (let trail = 0x40; trail < 256; trail++) this.pairs[lead * 256 + trail] = known([lead, trail]);
    if (name === 'euc_jp')
      for (let second = 0xa1; second < 255; second++)
        for (let third = 0xa1; third < 255; third++)
          this.triples[second * 256 + third] = known([0x8f, second, third]);
    if (name === 'cp949') this.#addSyllables();
    this.#change(table);
    const note = (code: number, place: number) => {
      if (code !== 0 && !this.places.has(code)) this.places.set(code, place);
    };
    this.pairs.forEach(note);
    this.triples.forEach((code, place) => note(code, 0x8f0000 + place));
    for (const word of table.bytes?.split(' ') ?? []) {
      const [, place, character] = /^([0-9a-f]+)(.)$/.exec(word)!;
      this.places.set(character!.charCodeAt(0), Number.parseInt(place!, 16));
    }
  }

  #change({ none, characters }: MultibyteTable): void {
    const put = (place: number, code: number) => {
      if (place > 0xffff) this.triples[place & 0xffff] = code;
      else this.pairs[place] = code;
    };
    for (const range of none?.split(' ') ?? []) {
      const [from, to] = range.split('-').map((place) => Number.parseInt(place, 16));
      for (let place = from!; place <= (to ?? from!); place++) put(place, 0);
    }
    for (const word of characters?.split(' ') ?? []) {
      const [, place, run] = /^([0-9a-f]+)(.+)$/.exec(word)!;
      for (let i = 0; i < run!.length; i++) put(Number.parseInt(place!, 16) + i, run!.charCodeAt(i));
    }
  }

  /** The syllables that KS X 1001 lacks, in their order (Unified Hangul Code). */
  #addSyllables(): void {
    const there = new Set(this.pairs);
    let code = 0xac00;
    for (let lead = 0x81; lead <= 0xc6; lead++)
      for (let trail = 0x41; trail <= (lead <= 0xa0 ? 0xfe : 0xa0); trail++) {
        if ((trail > 0x5a && trail < 0x61) || (trail > 0x7a && trail < 0x81)) continue;
        while (there.has(code)) code++;
        if (code > 0xd7a3) return;
        this.pairs[lead * 256 + trail] = code++;
      }
  }
}

const made = new Map<string, Characters>();

function charactersOf(name: string): Characters {
  let characters = made.get(name);
  if (characters === undefined) made.set(name, (characters = new Characters(name, multibyteTables()[name]!)));
  return characters;
}

/** Katakana of JIS X 0201, and what Windows makes of the bytes around them. */
function japaneseByte(byte: number, windows: boolean): number {
  if (byte >= 0xa1 && byte <= 0xdf) return 0xfec0 + byte;
  if (!windows) return 0;
  return byte === 0x80 ? 0x80 : byte === 0xa0 ? 0xf8f0 : byte >= 0xfd ? 0xf7f4 + byte : 0;
}

class PairDecoder extends FailingDecoder {
  readonly #name: string;
  readonly #characters: Characters;
  readonly #bytes: boolean;

  constructor(name: string) {
    super();
    this.#name = name;
    this.#characters = charactersOf(name);
    this.#bytes = name === 'shift_jis' || name === 'cp932';
  }

  decode(bytes: Uint8Array, at: number): string | undefined {
    const first = bytes[at]!;
    this.size = 1;
    if (first < 128) return String.fromCharCode(first);
    if (this.#bytes) {
      const code = japaneseByte(first, this.#name === 'cp932');
      if (code !== 0) return String.fromCharCode(code);
    }
    const left = bytes.length - at;
    if (left < 2) return this.wrong(1, INCOMPLETE);
    const second = bytes[at + 1]!;
    if (this.#name === 'gb18030' && second >= 0x30 && second <= 0x39) return this.#four(bytes, at);
    if (this.#name === 'euc_jp' && first === 0x8f) {
      if (left < 3) return this.wrong(left, INCOMPLETE);
      const code = this.#characters.triples[second * 256 + bytes[at + 2]!]!;
      this.size = 3;
      return code === 0 ? this.wrong(1, ILLEGAL) : String.fromCharCode(code);
    }
    if (this.#name === 'euc_kr' && first === 0xa4 && second === 0xd4) return this.#composed(bytes, at);
    const code = this.#characters.pairs[first * 256 + second]!;
    if (code === 0) return this.wrong(1, ILLEGAL);
    this.size = 2;
    return String.fromCharCode(code);
  }

  #four(bytes: Uint8Array, at: number): string | undefined {
    if (bytes.length - at < 4) return this.wrong(bytes.length - at, INCOMPLETE);
    const [a, b, c, d] = bytes.subarray(at, at + 4) as unknown as [number, number, number, number];
    if (a < 0x81 || a > 0xfe || c < 0x81 || c > 0xfe || d < 0x30 || d > 0x39) return this.wrong(1, ILLEGAL);
    const place = (((a - 0x81) * 10 + b - 0x30) * 126 + c - 0x81) * 10 + d - 0x30;
    const code = codeOfFour(place);
    if (code === undefined) return this.wrong(1, ILLEGAL);
    this.size = 4;
    return String.fromCodePoint(code);
  }

  /** A syllable as its letters (KS X 1001, annex 3). */
  #composed(bytes: Uint8Array, at: number): string | undefined {
    if (bytes.length - at < 8) return this.wrong(bytes.length - at, INCOMPLETE);
    const letters = [3, 5, 7].map((i) => (bytes[at + i - 1] === 0xa4 ? bytes[at + i]! - 0xa1 : -1));
    const [initial, medial, final] = letters as [number, number, number];
    const [i, m] = [INITIALS.indexOf(initial), medial - 30];
    const f = final === 51 ? 0 : FINALS.indexOf(final) + 1;
    if (i < 0 || m < 0 || m > 20 || (f === 0 && final !== 51)) return this.wrong(1, ILLEGAL);
    this.size = 8;
    return String.fromCharCode(0xac00 + (i * 21 + m) * 28 + f);
  }
}

/** Letters of a syllable as places in row 4. */
const INITIALS = [0, 1, 3, 6, 7, 8, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
const FINALS = [
  0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29,
];

/** GB 18030 gives what has no two bytes four of them, in the order of code points. */
const BMP_FOURS = 39_420;
const FIRST_BEYOND = 189_000;
let fours: { readonly codes: readonly number[]; readonly places: ReadonlyMap<number, number> } | undefined;

function foursOf() {
  if (fours !== undefined) return fours;
  const { places: pairs } = charactersOf('gb18030');
  const codes: number[] = [];
  for (let code = 0x80; code < 0x10000 && codes.length < BMP_FOURS; code++)
    if ((code < 0xd800 || code > 0xdfff) && !pairs.has(code)) codes.push(code);
  fours = { codes, places: new Map(codes.map((code, place) => [code, place])) };
  return fours;
}

function codeOfFour(place: number): number | undefined {
  if (place >= FIRST_BEYOND) {
    const code = 0x10000 + place - FIRST_BEYOND;
    return code <= 0x10ffff ? code : undefined;
  }
  return foursOf().codes[place];
}

function fourOf(code: number): readonly number[] | undefined {
  const place = code > 0xffff ? FIRST_BEYOND + code - 0x10000 : foursOf().places.get(code);
  if (place === undefined) return undefined;
  return [
    0x81 + Math.floor(place / 12600),
    0x30 + (Math.floor(place / 1260) % 10),
    0x81 + (Math.floor(place / 10) % 126),
    0x30 + (place % 10),
  ];
}

/** The encoding with a name of Python's; undefined: it is none of these. */
export function multibyteEncoding(name: string): Encoding | undefined {
  if (name === 'iso2022_jp') return iso2022jp();
  if (!Object.hasOwn(multibyteTables(), name)) return undefined;
  const { places } = charactersOf(name);
  const windows = name === 'cp932';
  const single = new Map<number, number>();
  if (windows || name === 'shift_jis')
    for (let byte = 128; byte < 256; byte++) {
      const code = japaneseByte(byte, windows);
      if (code !== 0) single.set(code, byte);
    }
  return {
    name,
    single: true,
    reason: ILLEGAL,
    encode: (code) => {
      if (code < 128) return [code];
      const byte = single.get(code);
      if (byte !== undefined) return [byte];
      const place = places.get(code);
      if (place !== undefined) return bytesOf(place);
      if (name === 'gb18030') return fourOf(code);
      if (name !== 'euc_kr' || code < 0xac00 || code > 0xd7a3) return undefined;
      const n = code - 0xac00;
      const final = n % 28;
      return [
        0xd4,
        INITIALS[Math.floor(n / 588)]! + 0xa1,
        (Math.floor(n / 28) % 21) + 30 + 0xa1,
        final === 0 ? 0xd4 : FINALS[final - 1]! + 0xa1,
      ].flatMap((byte) => [0xa4, byte]);
    },
    decoder: () => new PairDecoder(name),
    quick: (piece) => (ASCII.test(piece) ? Buffer.from(piece, 'latin1') : undefined),
  };
}

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\0-\x7f]*$/;

const ESC = 0x1b;
const SETS = { '(B': 'ascii', '(J': 'roman', $B: 'kanji', '$@': 'kanji' } as const;
type CharacterSet = (typeof SETS)[keyof typeof SETS];

/** ISO-2022-JP (RFC 1468): escape sequences tell the set of characters. */
function iso2022jp(): Encoding {
  const characters = charactersOf('euc_jp');
  const kanjiOf = (code: number): number | undefined => {
    const place = characters.places.get(code);
    return place !== undefined && place > 0xa0a0 && place < 0x10000 && (place & 0x80) !== 0
      ? place & 0x7f7f
      : undefined;
  };
  const set = (code: number): CharacterSet | undefined => {
    if (code < 128) return 'ascii';
    if (code === 0xa5 || code === 0x203e) return 'roman';
    return kanjiOf(code) === undefined ? undefined : 'kanji';
  };
  const escape = { ascii: [ESC, 0x28, 0x42], roman: [ESC, 0x28, 0x4a], kanji: [ESC, 0x24, 0x42] };
  const bytes = (code: number, of: CharacterSet): number[] => {
    if (of === 'ascii') return [code];
    if (of === 'roman') return [code === 0xa5 ? 0x5c : 0x7e];
    const place = kanjiOf(code)!;
    return [place >>> 8, place & 255];
  };
  return {
    name: 'iso2022_jp',
    single: true,
    reason: ILLEGAL,
    encode: (code) => (set(code) === undefined ? undefined : []),
    encoder: () => {
      let state: CharacterSet = 'ascii';
      return {
        encode(code) {
          const wanted = set(code);
          if (wanted === undefined) return undefined;
          const out = wanted === state ? [] : [...escape[wanted]];
          state = code === 0x0a ? 'ascii' : wanted;
          return [...out, ...bytes(code, wanted)];
        },
        end: () => (state === 'ascii' ? [] : escape.ascii),
      };
    },
    decoder: () => new Iso2022Decoder(characters),
  };
}

/** Whether a byte ends an escape sequence. */
const isFinal = (byte: number): boolean => byte >= 0x40 && byte <= 0x5a;
const LONGEST_ESCAPE = 16;

class Iso2022Decoder extends FailingDecoder {
  readonly #characters: Characters;
  #state: CharacterSet = 'ascii';
  /** Whether all is passed on, up to a letter: a sequence that is none of ISO 2022. */
  #passing = false;

  constructor(characters: Characters) {
    super();
    this.#characters = characters;
  }

  #escape(bytes: Uint8Array, at: number): string | undefined {
    const left = bytes.length - at;
    if (left > 1 && !'()$.&'.includes(String.fromCharCode(bytes[at + 1]!))) {
      this.#passing = true;
      return '\u001b';
    }
    let length = 2;
    while (length <= LONGEST_ESCAPE && length <= left && !isFinal(bytes[at + length - 1]!)) length++;
    if (length > left) return this.wrong(left, INCOMPLETE);
    if (length > LONGEST_ESCAPE) return this.wrong(1, ILLEGAL);
    const sequence = Buffer.from(bytes.subarray(at + 1, at + length)).toString('latin1');
    if (!Object.hasOwn(SETS, sequence)) return this.wrong(length, ILLEGAL);
    this.#state = SETS[sequence as keyof typeof SETS];
    this.size = length;
    return '';
  }

  decode(bytes: Uint8Array, at: number): string | undefined {
    const first = bytes[at]!;
    const left = bytes.length - at;
    this.size = 1;
    if (this.#passing) {
      this.#passing = !isFinal(first);
      return String.fromCharCode(first);
    }
    if (first === ESC) return this.#escape(bytes, at);
    if (first === 0x0a) {
      this.#state = 'ascii';
      return '\n';
    }
    if (first < 0x20) return String.fromCharCode(first);
    if (first >= 128) return this.wrong(1, ILLEGAL);
    if (this.#state === 'ascii') return String.fromCharCode(first);
    if (this.#state === 'roman')
      return first === 0x5c ? '¥' : first === 0x7e ? '‾' : String.fromCharCode(first);
    if (left < 2) return this.wrong(1, INCOMPLETE);
    const code = this.#characters.pairs[(first * 256 + bytes[at + 1]!) | 0x8080]!;
    if (code === 0 || bytes[at + 1]! >= 128) return this.wrong(1, ILLEGAL);
    this.size = 2;
    return String.fromCharCode(code);
  }
}
