/**
 * Stored passwords, `{SCHEME}payload` (INVENTORY W-146 to W-153; the schemes of AuthEncoding). A text without a known prefix
 * is a clear-text password. Comparisons take constant time.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

interface Scheme {
  encrypt(password: string): string;
  validate(payload: string, attempt: string): boolean;
}

function equal(a: string | Buffer, b: string | Buffer): boolean {
  const [x, y] = [a, b].map((item) => createHash('sha256').update(item).digest());
  return timingSafeEqual(x!, y!);
}

/** The bytes that are hashed: Latin-1 where that can say it, else UTF-8, as Python has stored them ever since. */
const bytesOf = (password: string) =>
  // oxlint-disable-next-line no-control-regex
  Buffer.from(password, /^[\u0000-\u00ff]*$/.test(password) ? 'latin1' : 'utf8');

const sha1 = (...parts: (string | Buffer)[]) => {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(typeof part === 'string' ? bytesOf(part) : part);
  return hash.digest();
};
const base64 = (bytes: Buffer) => bytes.toString('base64');

const schemes: Record<string, Scheme> = {
  SSHA: {
    encrypt(password) {
      const salt = randomBytes(7);
      return base64(Buffer.concat([sha1(password, salt), salt]));
    },
    validate(payload, attempt) {
      const bytes = Buffer.from(payload, 'base64url');
      // The salt may be empty.
      return equal(bytes.subarray(0, 20), sha1(attempt, bytes.subarray(20)));
    },
  },
  SHA: {
    encrypt: (password) => base64(sha1(password)),
    validate: (payload, attempt) => equal(Buffer.from(payload, 'base64url'), sha1(attempt)),
  },
  SHA256: {
    encrypt: (password) => createHash('sha256').update(bytesOf(password)).digest('hex'),
    validate: (payload, attempt) =>
      equal(payload, createHash('sha256').update(bytesOf(attempt)).digest('hex')),
  },
  MYSQL: {
    encrypt: mysqlHash,
    validate: (payload, attempt) => equal(payload, mysqlHash(attempt)),
  },
};

/** The old hash of MySQL's PASSWORD(): two 31-bit words in hex. Only for passwords that were stored with it. */
function mysqlHash(password: string): string {
  const mask = 0xffffffffn;
  let [nr, add, nr2] = [1345345333n, 7n, 0x12345671n];
  for (const byte of bytesOf(password)) {
    if (byte === 0x20 || byte === 0x09) continue;
    nr ^= (((nr & 63n) + add) * BigInt(byte) + (nr << 8n)) & mask;
    nr &= mask;
    nr2 = (nr2 + ((nr2 << 8n) ^ nr)) & mask;
    add = (add + BigInt(byte)) & mask;
  }
  const word = (n: bigint) => (n & 0x7fffffffn).toString(16).toUpperCase().padStart(8, '0');
  return word(nr) + word(nr2);
}

/** Prefixes that name a scheme which is not available here: such a password matches nothing. */
const unavailable = new Set(['CRYPT', 'BCRYPT', 'PBKDF2-SHA256']);

function split(stored: string): [string | undefined, string] {
  const match = /^\{([A-Z0-9-]+)\}(.*)$/s.exec(stored);
  if (match !== null && (Object.hasOwn(schemes, match[1]!) || unavailable.has(match[1]!)))
    return [match[1], match[2]!];
  return [undefined, stored];
}

/** Names of the schemes, the default one first. */
export function listSchemes(): string[] {
  return Object.keys(schemes);
}

/** `{SCHEME}payload` for a password. Throws a RangeError for an unknown scheme. */
export function pw_encrypt(password: string, scheme = 'SSHA'): string {
  const found = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (found === undefined) throw new RangeError(`Not supported: ${scheme}`);
  return `{${scheme}}${found.encrypt(password)}`;
}

/** Whether `attempt` is the password that is stored as `reference`. */
export function pw_validate(reference: string, attempt: string): boolean {
  const [scheme, payload] = split(reference);
  if (scheme === undefined) return equal(bytesOf(payload), bytesOf(attempt));
  return schemes[scheme]?.validate(payload, attempt) ?? false;
}

/** Whether a stored password names its scheme, and so is not a clear text. */
export function is_encrypted(stored: string): boolean {
  return split(stored)[0] !== undefined;
}
