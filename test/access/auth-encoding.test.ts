import { expect, it } from 'vitest';
import { is_encrypted, listSchemes, pw_encrypt, pw_validate, StoredUser } from '../../src/access/index.ts';

it('takes a password back under every scheme, and no other one (W-146)', () => {
  for (const scheme of listSchemes()) {
    for (const password of ['plain', 'pä:ss', '密码', 'a{SSHA}b']) {
      const stored = pw_encrypt(password, scheme);
      expect(is_encrypted(stored)).toBe(true);
      expect(pw_validate(stored, password), `${scheme} ${password}`).toBe(true);
      expect(pw_validate(stored, `${password}x`)).toBe(false);
      expect(pw_validate(stored, '')).toBe(false);
    }
  }
});

it('knows passwords that Python has stored, which hashes them as Latin-1', () => {
  expect(pw_validate('{SSHA}dE2yPg21VarRu7pVMh9lDawRzl7au30BwBMd', 'pä:sspw-')).toBe(true);
  const withoutSalt = `{SSHA}aMRuhNdtLn5oblFYv1mJCavU5Fs=`;
  expect(pw_validate(withoutSalt, 'plain')).toBe(true);
  expect(pw_validate(withoutSalt, '')).toBe(false);
  expect(pw_validate('{SSHA}', '')).toBe(false);
});

it('makes another salt each time (S-088)', () => {
  expect(pw_encrypt('same')).not.toBe(pw_encrypt('same'));
});

it('lets a scheme that is not there match nothing', () => {
  expect(pw_validate('{BCRYPT}$2b$12$abc', '$2b$12$abc')).toBe(false);
  expect(() => pw_encrypt('x', 'NONE')).toThrow(RangeError);
});

it('compares a clear-text password, whichever bytes it was stored as', () => {
  const user = new StoredUser('kim', 'pä:ss', ['Editor'], []);
  const client = { address: '10.0.0.1' };
  expect(user.authenticate('pä:ss', client)).toBe(true);
  expect(user.authenticate('pa:ss', client)).toBe(false);
  user.__ = new Uint8Array(Buffer.from('密码'));
  expect(user.authenticate('密码', client)).toBe(true);
});
