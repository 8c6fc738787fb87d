import { KEY } from './key.ts';

/** A Python complex number. Both parts are floats, so plain numbers here. */
export class Complex {
  readonly real: number;
  readonly imag: number;

  constructor(real: number, imag: number) {
    this.real = real;
    this.imag = imag;
    Object.freeze(this);
  }

  [KEY](): string | number {
    return this.imag === 0 ? this.real : `complex:${this.real}:${this.imag}`;
  }

  toString(): string {
    const imag = `${this.imag < 0 || Object.is(this.imag, -0) ? '' : '+'}${this.imag}j`;
    return this.real === 0 && !Object.is(this.real, -0) ? imag.replace(/^\+/, '') : `(${this.real}${imag})`;
  }
}
