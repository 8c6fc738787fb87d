import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritLazily } from '../../src/paste/gateway/inherit-lazily.ts';

const real = Object.getOwnPropertyDescriptor(globalThis, 'Response')!;
class Standard {}
let loads: number;

/** As Node has it: the getter puts the class in its place. */
beforeEach(() => {
  loads = 0;
  Object.defineProperty(globalThis, 'Response', {
    configurable: true,
    enumerable: false,
    get() {
      loads++;
      Object.defineProperty(globalThis, 'Response', { value: Standard, writable: true, configurable: true });
      return Standard;
    },
    set(value) {
      Object.defineProperty(globalThis, 'Response', { value, writable: true, configurable: true });
    },
  });
});
afterEach(() => Object.defineProperty(globalThis, 'Response', real));

describe('a class that passes for one of the web', () => {
  it('does not load it', () => {
    class Own {}
    inheritLazily(Own, 'Response');
    expect(new Own()).toBeInstanceOf(Own);
    expect(loads).toBe(0);
  });

  it('is an instance of it for whoever names it, also where it was made before', () => {
    class Own {}
    const early = new Own();
    inheritLazily(Own, 'Response');
    expect(early instanceof Response).toBe(true);
    expect(new Own() instanceof Response).toBe(true);
    expect(loads).toBe(1);
    expect(Object.getOwnPropertyDescriptor(globalThis, 'Response')).toMatchObject({ value: Standard });
  });

  it('is so at once where it is loaded already', () => {
    class Own {}
    expect(Response).toBe(Standard);
    inheritLazily(Own, 'Response');
    expect(Object.getPrototypeOf(Own.prototype)).toBe(Standard.prototype);
  });

  it('leaves a class that somebody puts in its place alone', () => {
    class Own {}
    class Other {}
    inheritLazily(Own, 'Response');
    globalThis.Response = Other as unknown as typeof Response;
    expect(new Own() instanceof Response).toBe(false);
    expect(Response).toBe(Other);
  });

  it('can be one of several', () => {
    class First {}
    class Second {}
    inheritLazily(First, 'Response');
    inheritLazily(Second, 'Response');
    expect([new First() instanceof Response, new Second() instanceof Response]).toEqual([true, true]);
    expect(loads).toBe(1);
  });
});
