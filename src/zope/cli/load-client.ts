/** Clients that keep their connections and ask again as soon as they are answered. */
import net from 'node:net';

export interface LoadResult {
  readonly url: string;
  /** What is compared, where that is not the URL. */
  readonly label?: string;
  readonly clients: number;
  readonly seconds: number;
  readonly answers: number;
  /** Answers with a status of 5xx, broken connections, and requests that were not answered well after the end. */
  readonly errors: number;
  readonly bytes: number;
  readonly longestMs: number;
  /** The longest time in which nobody was answered. */
  readonly longestStallMs: number;
  /** What the server calls itself. */
  readonly server: string;
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Upper limit in milliseconds, and how many answers took no longer (and longer than the limit before). */
  readonly buckets: readonly (readonly [limitMs: number, count: number])[];
  percentile(percent: number): number;
}

/** Latencies in buckets that grow by a twentieth, from 10 µs: memory stays the same however long a run takes. */
const GROWTH = Math.log(1.05);
const FIRST_MS = 0.01;
const BUCKETS = 400;
/** Buckets of the histogram that is shown. */
const SHOWN_TOGETHER = 8;
const bucketOf = (ms: number) =>
  Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / FIRST_MS) / GROWTH)));
const limitOf = (bucket: number) => FIRST_MS * Math.exp(bucket * GROWTH);

class Tally {
  readonly counts = new Float64Array(BUCKETS);
  readonly statuses = new Map<number, number>();
  answers = 0;
  errors = 0;
  bytes = 0;
  longest = 0;
  longestStall = 0;
  server = '';
  #last = performance.now();

  add(ms: number, status: number, bytes: number, now: number): void {
    this.answers++;
    this.bytes += bytes;
    this.counts[bucketOf(ms)]!++;
    if (ms > this.longest) this.longest = ms;
    if (status >= 500 || status === 0) this.errors++;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.longestStall = Math.max(this.longestStall, now - this.#last);
    this.#last = now;
  }

  percentile(percent: number): number {
    let left = (this.answers * percent) / 100;
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      if ((left -= this.counts[bucket]!) <= 0) return Math.min(limitOf(bucket), this.longest);
    return this.longest;
  }
}

export interface Progress {
  readonly elapsed: number;
  readonly answers: number;
  readonly errors: number;
  readonly medianMs: number;
}

/** Loads a URL for some seconds; `progress` is told about four times a second. */
export async function runLoad(
  url: URL,
  clients: number,
  seconds: number,
  progress: (state: Progress) => void,
  label?: string,
): Promise<LoadResult> {
  const tally = new Tally();
  const start = performance.now();
  const end = start + seconds * 1000;
  const timer = setInterval(() => {
    const elapsed = (performance.now() - start) / 1000;
    progress({ elapsed, answers: tally.answers, errors: tally.errors, medianMs: tally.percentile(50) });
  }, 250);
  await Promise.all(Array.from({ length: clients }, () => new Client(url, end, tally).done));
  clearInterval(timer);
  const buckets: [number, number][] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket += SHOWN_TOGETHER) {
    const sum = tally.counts.subarray(bucket, bucket + SHOWN_TOGETHER).reduce((a, b) => a + b, 0);
    if (sum > 0) buckets.push([limitOf(bucket + SHOWN_TOGETHER - 1), sum]);
  }
  return {
    url: url.href,
    ...(label === undefined ? {} : { label }),
    clients,
    seconds: (performance.now() - start) / 1000,
    answers: tally.answers,
    errors: tally.errors,
    bytes: tally.bytes,
    longestMs: tally.longest,
    longestStallMs: tally.longestStall,
    server: tally.server,
    statuses: Object.fromEntries(tally.statuses),
    buckets,
    percentile: (percent) => tally.percentile(percent),
  };
}

const NOTHING = Buffer.alloc(0);
/** How long what is still unanswered at the end is waited for. */
const LATE_MS = 10_000;

/** One client: asks until `end`; an error costs its connection, and it goes on with a new one. */
class Client {
  readonly done: Promise<void>;
  readonly #url: URL;
  readonly #end: number;
  readonly #tally: Tally;
  readonly #request: Buffer;
  #resolve!: () => void;
  #known: Answer | undefined;

  constructor(url: URL, end: number, tally: Tally) {
    this.#url = url;
    this.#end = end;
    this.#tally = tally;
    this.#request = Buffer.from(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUser-Agent: zope-bench\r\n\r\n`,
    );
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#connect();
  }

  #connect(): void {
    let asked = 0;
    let buffer: Buffer = NOTHING;
    let closed = false;
    const { hostname, port } = this.#url;
    const socket = net.connect({
      port: Number(port || 80),
      host: hostname.replaceAll(/^\[|\]$/g, ''),
      noDelay: true,
    });
    const ask = () => {
      asked = performance.now();
      socket.write(this.#request);
    };
    const over = (failed: boolean) => {
      if (closed) return;
      closed = true;
      clearTimeout(deadline);
      socket.destroy();
      if (failed) this.#tally.errors++;
      if (performance.now() >= this.#end) this.#resolve();
      else setTimeout(() => this.#connect(), failed ? 50 : 0);
    };
    const take = (answer: Answer, length: number) => {
      const now = performance.now();
      this.#tally.server ||= answer.server;
      this.#tally.add(now - asked, answer.status, length, now);
      asked = 0;
      if (now >= this.#end || answer.close) over(false);
      else ask();
    };
    const deadline = setTimeout(() => over(true), Math.max(0, this.#end - performance.now()) + LATE_MS);
    socket.on('connect', ask);
    socket.on('error', () => over(true));
    socket.on('close', () => {
      // An answer without a length ends with its connection.
      const answer = closed ? undefined : headOf(buffer);
      if (answer?.length === undefined && answer !== undefined && !answer.chunked)
        take(answer, buffer.length);
      over(asked > 0);
    });
    socket.on('data', (chunk) => {
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
      const answer = this.#answerIn(buffer);
      if (answer === undefined) return;
      buffer = buffer.length > answer.length ? buffer.subarray(answer.length) : NOTHING;
      take(answer, answer.length);
    });
  }

  /** The first answer in the bytes received; undefined while it is not complete. Most are like the one before, which is cheap to see. */
  #answerIn(bytes: Buffer): (Answer & { readonly length: number }) | undefined {
    const known = this.#known;
    if (
      known?.length === bytes.length &&
      known.sameHead !== undefined &&
      bytes.compare(known.sameHead, 0, known.sameHead.length, 0, known.sameHead.length) === 0
    )
      return known as Answer & { readonly length: number };
    const answer = headOf(bytes);
    if (answer === undefined) return undefined;
    this.#known = answer;
    const length = answer.chunked ? chunksEnd(bytes, answer.bodyStart) : answer.length;
    if (length === BROKEN) return { ...answer, status: 0, close: true, length: bytes.length };
    return length === undefined || bytes.length < length ? undefined : { ...answer, length };
  }
}

interface Answer {
  readonly status: number;
  readonly bodyStart: number;
  /** Bytes, head and body; undefined where only chunks or the end of the connection tell. */
  readonly length: number | undefined;
  readonly chunked: boolean;
  readonly close: boolean;
  readonly server: string;
  /** The head up to its length: an answer that begins so and has as many bytes is complete. */
  readonly sameHead: Buffer | undefined;
}

function headOf(bytes: Buffer): Answer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const bodyStart = headEnd + 4;
  const [, minor, digits] = /^HTTP\/1\.(\d) (\d{3})/.exec(head) ?? [];
  const status = Number(digits ?? 0);
  const chunked = /\r\ntransfer-encoding: *chunked/i.test(head);
  const lengthHeader = chunked ? null : /\r\ncontent-length: *(\d+)(?=\r\n|$)/i.exec(head);
  const bodiless = status === 204 || status === 304 || status === 0;
  const length = bodiless
    ? bodyStart
    : lengthHeader === null
      ? undefined
      : bodyStart + Number(lengthHeader[1]);
  const close =
    /\r\nconnection: *close/i.test(head) ||
    (minor === '0' && !/\r\nconnection: *keep-alive/i.test(head)) ||
    status === 0;
  return {
    status,
    bodyStart,
    length,
    chunked,
    close,
    server: /\r\nserver: *([^\r\n]*)/i.exec(head)?.[1] ?? '',
    sameHead:
      lengthHeader === null || close
        ? undefined
        : bytes.subarray(0, lengthHeader.index + lengthHeader[0].length + '\r\n'.length),
  };
}

/** What comes is no chunk. */
const BROKEN = -1;

/** Where the last chunk ends; undefined while it is not there. */
function chunksEnd(bytes: Buffer, start: number): number | undefined {
  for (let at = start; ;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    if (!(size >= 0)) return BROKEN;
    at = line + 2 + size + 2;
    if (at > bytes.length) return undefined;
    if (size === 0) return at;
  }
}
