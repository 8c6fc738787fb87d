import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Environ } from '../../../src/paste/gateway/environ.ts';
import type { GatewayRequest } from '../../../src/paste/gateway/request.ts';
import * as frames from '../../../src/paste/threads/frames.ts';
import { Link, makeRings, WAKE } from '../../../src/paste/threads/link.ts';
import { CANCEL, CHUNK } from '../../../src/paste/threads/wire.ts';

const environ: Environ = {
  scriptName: '',
  pathInfo: '/a',
  queryString: '',
  rawTarget: '/a',
  serverName: 'localhost',
  serverPort: '80',
  scheme: 'http',
  remoteAddr: '127.0.0.1',
  remotePort: '1234',
  serverProtocol: 'HTTP/1.1',
  remoteUser: '',
  extra: new Map(),
};

const requestOf = (changes: Partial<Environ> = {}, rawHeaders: readonly string[] = [], method = 'GET') =>
  ({ method, rawHeaders, environ: { ...environ, ...changes } }) as unknown as GatewayRequest;

/** Two links whose messages wait until the test delivers them. */
function pair() {
  const rings = makeRings();
  const posted: unknown[] = [];
  const seen: unknown[] = [];
  const requests = new frames.RequestReader();
  const answers = new frames.AnswerReader();
  const post = (message: unknown, transfer?: readonly ArrayBuffer[]) =>
    void posted.push(structuredClone(message, { transfer: [...(transfer ?? [])] }));
  const sender = new Link({ postMessage: post }, rings.requests, rings.answers, {
    frame: () => undefined,
    message: () => undefined,
  });
  const receiver: Link = new Link({ postMessage: () => undefined }, rings.answers, rings.requests, {
    frame: (memory, at, owned) => {
      const id = frames.idOf(memory, at);
      const kind = frames.kindOf(memory, at);
      if (kind === frames.REQUEST) {
        const { head, body } = requests.read(memory, at);
        seen.push({ id, ...head, body });
      } else if (kind === frames.ANSWER) {
        const { head, body, follows } = answers.read(memory, at, owned);
        seen.push({ id, ...head, body, follows });
      } else seen.push({ id, waits: true });
      if (!owned) receiver.release(at);
    },
    message: (kind, values, at) => seen.push([kind, values[at + 1]]),
  });
  const deliver = () => {
    for (const message of posted.splice(0)) receiver.receive(message);
    receiver.read();
  };
  return { sender, receiver, posted, seen, deliver };
}

const text = fc.string({ unit: fc.constantFrom('a', 'Z', '/', '?', 'é', 'ÿ', '€', '😀', ' ') });

/** A text may come as its bytes. */
const inOneForm = (body: unknown) =>
  typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body as string).toString('hex') : body;

/** What Node's parser gives: a character for each byte. */
const latin1 = fc.string({ unit: fc.constantFrom('a', 'Z', '/', '?', 'é', 'ÿ', ' ') });
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom(1, 8191, 65_535, 65_536, 100_000).map((size) => new Uint8Array(size).fill(size & 0xff)),
);

describe('a link between threads', () => {
  it('carries requests as they are, whatever is in them', () => {
    const { sender, seen, deliver } = pair();
    const frame = new frames.RequestFrame();
    fc.assert(
      fc.property(
        fc.record({
          scriptName: text,
          pathInfo: latin1,
          queryString: latin1,
          rawTarget: latin1,
          serverName: text,
          remotePort: latin1,
        }),
        fc.array(latin1),
        fc.oneof(bytes, fc.constantFrom(frames.NO_BODY, frames.BODY_FOLLOWS)),
        (changes, headers, body) => {
          sender.send(frame.of(requestOf(changes, headers, 'PROPFIND'), body), 7);
          sender.flush();
          deliver();
          const [{ body: came, ...rest }] = seen.splice(0) as [{ body: Uint8Array | number }];
          expect(rest).toEqual({
            id: 7,
            method: 'PROPFIND',
            environ: { ...environ, ...changes },
            rawHeaders: headers,
          });
          if (typeof body === 'number') expect(came).toBe(body);
          else expect(Buffer.compare(came as Uint8Array, body)).toBe(0);
        },
      ),
    );
  });

  it('takes the path and the query of a target apart as they were', () => {
    const { sender, seen, deliver } = pair();
    const frame = new frames.RequestFrame();
    for (const [rawTarget, pathInfo, queryString] of [
      ['/a/b?c=d', '/a/b', 'c=d'],
      ['/a?', '/a', ''],
      ['http://h/a?b', '/a', 'b'],
      ['/p/a?b', '/a', 'b'],
      ['*', '', ''],
    ] as const) {
      sender.send(frame.of(requestOf({ rawTarget, pathInfo, queryString }), frames.NO_BODY), 1);
      deliver();
      expect(seen.splice(0)).toMatchObject([{ environ: { rawTarget, pathInfo, queryString } }]);
    }
  });

  it('carries answers as they are, whatever is in them', () => {
    const { sender, seen, deliver } = pair();
    const frame = new frames.AnswerFrame();
    const part = fc.constant({ file: '/tmp/ä', start: 3, end: 5 });
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        text,
        fc.array(text),
        fc.oneof(text, fc.constant(null), bytes, part),
        fc.boolean(),
        (status, statusText, headers, body, twice) => {
          for (let i = 0; i < (twice ? 2 : 1); i++) {
            sender.send(frame.of({ status, statusText, headers }, body, false), 9);
            sender.flush();
            deliver();
            const [{ body: came, ...head }] = seen.splice(0) as [{ body: unknown }];
            expect(head).toEqual({ id: 9, status, statusText, headers, follows: false });
            expect(inOneForm(came)).toEqual(inOneForm(body));
          }
        },
      ),
    );
  });

  it('is not deceived by headers that change after they were sent, nor by a NUL', () => {
    const { sender, seen, deliver } = pair();
    const frame = new frames.AnswerFrame();
    const headers = ['X-A', '1'];
    sender.send(frame.of({ status: 200, statusText: '', headers }, null, false), 1);
    headers[1] = '2';
    sender.send(frame.of({ status: 200, statusText: '', headers }, null, true), 2);
    deliver();
    expect(seen).toMatchObject([
      { headers: ['X-A', '1'], follows: false },
      { headers: ['X-A', '2'], follows: true },
    ]);
    expect(() => frame.of({ status: 200, statusText: '', headers: ['X', 'a\0b'] }, null, false)).toThrow(
      TypeError,
    );
  });

  it('delivers everything in the order in which it was sent, by whatever way', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('small', 'large', 'message', 'flush', 'read', 'deliver'), {
          maxLength: 200,
          size: 'max',
        }),
        (steps) => {
          const { sender, receiver, posted, seen, deliver } = pair();
          const answer = new frames.AnswerFrame();
          const sent: number[] = [];
          let id = 0;
          for (const step of steps) {
            if (step === 'flush') sender.flush();
            else if (step === 'read') receiver.read();
            else if (step === 'deliver' && posted.length > 0) receiver.receive(posted.shift());
            else if (step !== 'deliver') {
              sent.push(++id);
              if (step === 'message') sender.add(CANCEL, id);
              else {
                const body = 'x'.repeat(step === 'large' ? 60_000 : 10);
                sender.send(answer.of({ status: 200, statusText: '', headers: [] }, body, false), id);
              }
            }
          }
          sender.flush();
          deliver();
          expect(seen.map((each) => (Array.isArray(each) ? each[1] : (each as { id: number }).id))).toEqual(
            sent,
          );
        },
      ),
    );
  });

  it('wakes a reader that sleeps, once, and none that does not', () => {
    const { sender, receiver, posted } = pair();
    expect(receiver.sleep()).toBe(true);
    sender.send(frames.waitingFrame, 1);
    sender.flush();
    sender.send(frames.waitingFrame, 2);
    sender.flush();
    expect(posted).toEqual([WAKE]);
    // There is something to read.
    expect(receiver.sleep()).toBe(false);
    expect(receiver.read()).toBe(2);
    expect(receiver.sleep()).toBe(true);
    sender.flush();
    expect(posted).toEqual([WAKE]);
    sender.add(CHUNK, 1, new Uint8Array(3));
    sender.flush();
    sender.send(frames.waitingFrame, 3);
    sender.flush();
    expect(posted.length).toBe(2);
  });
});
