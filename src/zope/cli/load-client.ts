/** Clients that keep their connections and ask again as soon as they are answered. */
import net from 'node:net';

export interface LoadResult {
  readonly url: string;
  readonly seconds: number;
  readonly answers: number;
  readonly errors: number;
  readonly longestMs: number;
  /** What the server calls itself. */
  readonly server: string;
  /** Upper limit in milliseconds, and how many answers took no longer (and longer than the limit before). */
  readonly buckets: readonly (readonly [limitMs: number, count: number])[];
  percentile(percent: number): number;
}

/** Latencies in buckets that grow by a tenth, from 10 µs: memory stays the same however long a run takes. */
const GROWTH = Math.log(1.1);
const FIRST_MS = 0.01;
const BUCKETS = 200;
const bucketOf = (ms: number) =>
  Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / FIRST_MS) / GROWTH)));
const limitOf = (bucket: number) => FIRST_MS * Math.exp(bucket * GROWTH);

class Tally {
  readonly counts = new Float64Array(BUCKETS);
  answers = 0;
  errors = 0;
  longest = 0;
  server = '';

  add(ms: number): void {
    this.answers++;
    this.counts[bucketOf(ms)]!++;
    if (ms > this.longest) this.longest = ms;
  }

  percentile(percent: number): number {
    let left = (this.answers * percent) / 100;
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      if ((left -= this.counts[bucket]!) <= 0) return limitOf(bucket);
    return this.longest;
  }
}

/** Loads a URL for some seconds; `progress` is told about four times a second. */
export async function runLoad(
  url: URL,
  clients: number,
  seconds: number,
  progress: (elapsed: number, answers: number, errors: number) => void,
): Promise<LoadResult> {
  const tally = new Tally();
  const start = performance.now();
  const end = start + seconds * 1000;
  const timer = setInterval(
    () => progress((performance.now() - start) / 1000, tally.answers, tally.errors),
    250,
  );
  await Promise.all(Array.from({ length: clients }, () => client(url, end, tally)));
  clearInterval(timer);
  const buckets: [number, number][] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket += 4) {
    const sum = tally.counts.subarray(bucket, bucket + 4).reduce((a, b) => a + b, 0);
    if (sum > 0) buckets.push([limitOf(bucket + 3), sum]);
  }
  return {
    url: url.href,
    seconds: (performance.now() - start) / 1000,
    answers: tally.answers,
    errors: tally.errors,
    longestMs: tally.longest,
    server: tally.server,
    buckets,
    percentile: (percent) => tally.percentile(percent),
  };
}

/** One client: asks until `end`; an error costs its connection, and it goes on with a new one. */
function client(url: URL, end: number, tally: Tally): Promise<void> {
  const request = Buffer.from(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
  return new Promise((resolve) => {
    const connect = () => {
      let asked = 0;
      let buffer: Buffer = Buffer.alloc(0);
      let closed = false;
      const socket = net.connect(Number(url.port || 80), url.hostname.replaceAll(/^\[|\]$/g, ''));
      socket.setNoDelay(true);
      const ask = () => {
        asked = performance.now();
        socket.write(request);
      };
      const over = (failed: boolean) => {
        if (closed) return;
        closed = true;
        clearTimeout(deadline);
        socket.destroy();
        if (failed) tally.errors++;
        if (performance.now() >= end) resolve();
        else setTimeout(connect, failed ? 50 : 0);
      };
      // Whatever is still unanswered well after the end counts as an error.
      const deadline = setTimeout(() => over(true), Math.max(0, end - performance.now()) + 10_000);
      socket.on('connect', ask);
      socket.on('error', () => over(true));
      socket.on('close', () => over(buffer.length > 0 || asked > 0));
      socket.on('data', (chunk) => {
        buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
        const answer = answerIn(buffer);
        if (answer === undefined) return;
        buffer = buffer.subarray(answer.length);
        tally.server ||= answer.server;
        if (answer.status >= 500 || answer.status === 0) tally.errors++;
        tally.add(performance.now() - asked);
        asked = 0;
        if (performance.now() >= end || answer.close) over(false);
        else ask();
      });
    };
    connect();
  });
}

interface Answer {
  readonly status: number;
  /** Bytes, head and body. */
  readonly length: number;
  readonly close: boolean;
  readonly server: string;
}

/** The first answer in the bytes received; undefined while it is not complete. */
function answerIn(bytes: Buffer): Answer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const start = headEnd + 4;
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const close = /\r\nconnection: *close/i.test(head);
  const server = /\r\nserver: *([^\r\n]*)/i.exec(head)?.[1] ?? '';
  if (length !== undefined) {
    const total = start + Number(length);
    return bytes.length < total ? undefined : { status, length: total, close, server };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const end = chunksEnd(bytes, start);
    return end === undefined ? undefined : { status, length: end, close, server };
  }
  return { status, length: start, close, server };
}

function chunksEnd(bytes: Buffer, start: number): number | undefined {
  for (let at = start; ;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    at = line + 2 + size + 2;
    if (at > bytes.length) return undefined;
    if (size === 0) return at;
  }
}
