import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { BodyFile, keepStream } from '../../src/paste/index.ts';
import { ByteRange, type ByteSource, FileSource, MemorySource } from '../../src/publisher/byte-source.ts';
import { FileUpload, PartHeaders, ReceivedFile } from '../../src/publisher/file-upload.ts';
import { readParts } from '../../src/publisher/multipart.ts';

const files: BodyFile[] = [];
afterAll(() => {
  for (const file of files) file.close();
});

/** The same bytes in a file that is read through a small window. */
async function inFile(bytes: Uint8Array, window = 16): Promise<FileSource> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const kept = await keepStream(stream, 0);
  expect(kept).toBeInstanceOf(BodyFile);
  files.push(kept as BodyFile);
  return new FileSource(kept as BodyFile, window);
}

const fewLetters = fc
  .array(fc.constantFrom(10, 13, 45, 97, 98), { minLength: 1, maxLength: 200 })
  .map((letters) => Uint8Array.from(letters));

it('finds and cuts in a file what it finds and cuts in memory', async () => {
  await fc.assert(
    fc.asyncProperty(
      fewLetters,
      fc.array(fc.tuple(fc.nat(210), fc.nat(210), fc.nat(210), fc.integer({ min: 1, max: 40 })), {
        maxLength: 20,
      }),
      async (bytes, steps) => {
        const memory = new MemorySource(bytes);
        const file = await inFile(bytes);
        for (const [from, to, start, size] of steps) {
          const needle = bytes.subarray(start % bytes.length, (start % bytes.length) + size);
          expect(file.indexOf(needle, from)).toBe(memory.indexOf(needle, from));
          const end = Math.min(to, bytes.length);
          expect(file.indexOf(needle, from, end)).toBe(memory.indexOf(needle, from, end));
          expect(file.text(from, to)).toBe(memory.text(from, to));
          expect(file.slice(from, to)).toEqual(memory.slice(from, to));
        }
      },
    ),
    { numRuns: 50 },
  );
});

const LIMITS = { memory: 200, disk: 400, memfile: 20, parts: 5 };
/** The parts of a form, or what is said of it. */
function partsIn(source: ByteSource, boundary: string): unknown {
  try {
    return readParts(source, boundary, LIMITS).map(({ content: { start, end }, ...facts }) => ({
      ...facts,
      text: source.text(start, end),
    }));
  } catch (error) {
    return (error as Error).message;
  }
}

const piece = fc.constantFrom(
  '--b',
  '\r\n--b',
  '--',
  '\r\n',
  '\n',
  '\r',
  'Content-Disposition: form-data; name="a"',
  'Content-Disposition: form-data; name="a"; filename="f"',
  'Content-Length: 3',
  'X-Odd: 1',
  ' more',
  '\r\n\r\n',
  'abc',
  'x'.repeat(50),
  '--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nabc\r\n--b--',
  '--b\r\nContent-Disposition: form-data; name="c"\r\n\r\nabc\r\n',
);

it('reads a form from a file as from memory, and says the same of one that is none', async () => {
  const seen = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const bytes = new Uint8Array(Buffer.from(pieces.join(''), 'latin1'));
      const expected = partsIn(new MemorySource(bytes), 'b');
      seen.add(typeof expected === 'string' ? expected : 'parts');
      if (bytes.length > 0) expect(partsIn(await inFile(bytes), 'b')).toEqual(expected);
    }),
    { numRuns: 300 },
  );
  // The pieces make forms, and many kinds of what is none.
  expect(seen.has('parts')).toBe(true);
  expect(seen.size).toBeGreaterThan(5);
});

const TEXT = Buffer.from('one\ntwo\n\nlast');
const upload = (content: ByteRange | Uint8Array) =>
  new FileUpload('f', 'f.txt', new PartHeaders([]), content);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

it.each(['memory', 'a file'])(
  'reads, seeks and goes through lines as files of Python do, in %s',
  async (where) => {
    const bytes = Buffer.concat([Buffer.from('before\n'), TEXT, Buffer.from('\nafter')]);
    const source = where === 'memory' ? new MemorySource(bytes) : await inFile(bytes);
    const file = upload(new ByteRange(source, 7, 7 + TEXT.length));
    expect([file.size, text(file.data)]).toEqual([13, TEXT.toString()]);
    expect([...file].map(text)).toEqual(['one\n', 'two\n', '\n', 'last']);
    expect([file.tell(), text(file.read()), text(file.readline())]).toEqual([13, '', '']);
    expect([file.seek(0), text(file.read(2)), text(file.readline()), text(file.readline(2))]).toEqual([
      0,
      'on',
      'e\n',
      'tw',
    ]);
    expect([file.seek(-2, 2), text(file.read(5))]).toEqual([11, 'st']);
    expect([file.seek(-100, 1), file.seek(20), text(file.read()), file.tell()]).toEqual([0, 20, '', 20]);
    expect([file.seek(4), file.readlines().map(text)]).toEqual([4, ['two\n', '\n', 'last']]);
    expect(text(file.view(4, 7))).toBe('two');
    expect(() => file.seek(-1)).toThrow('negative seek value -1');
    expect(() => file.seek(0, 3)).toThrow('invalid whence (3, should be 0, 1 or 2)');
    file.close();
    expect(file.closed).toBe(true);
    expect(() => file.read()).toThrow('I/O operation on closed file.');
    expect(() => file.data).toThrow('I/O operation on closed file.');
  },
);

it('hands out bytes that may be changed without changing the body', () => {
  const body = new ReceivedFile(Uint8Array.from([1, 2, 3]));
  body.read().fill(0);
  expect([...body.data]).toEqual([1, 2, 3]);
});
