/** The error function and the gamma function, which JavaScript lacks: to about the last two digits of a double. */

/** Below this the series is exact enough, above it the continued fraction converges fast. */
const SERIES_LIMIT = 2;
const SQRT_PI = Math.sqrt(Math.PI);

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    const part = term / (2 * n + 1);
    sum += part;
    if (Math.abs(part) < Math.abs(sum) * 1e-17) break;
  }
  return (2 / SQRT_PI) * sum;
}

/** `erfc(x)` for x > 0 by its continued fraction, from the inside out. */
function erfcFraction(x: number): number {
  if (x > 30) return 0;
  let f = 0;
  for (let n = 80; n > 0; n--) f = n / 2 / (x + f);
  return Math.exp(-x * x) / (SQRT_PI * (x + f));
}

export function erf(x: number): number {
  if (Math.abs(x) < SERIES_LIMIT) return erfSeries(x);
  return x > 0 ? 1 - erfcFraction(x) : erfcFraction(-x) - 1;
}

export function erfc(x: number): number {
  if (Math.abs(x) < SERIES_LIMIT) return 1 - erfSeries(x);
  return x > 0 ? erfcFraction(x) : 2 - erfcFraction(-x);
}

/** Lanczos' approximation with g = 607/128 and 15 terms (Godfrey's coefficients). */
const G = 607 / 128;
const LANCZOS = [
  0.999_999_999_999_997_1, 57.156_235_665_862_92, -59.597_960_355_475_49, 14.136_097_974_741_746,
  -0.491_913_816_097_620_2, 0.339_946_499_848_118_9e-4, 0.465_236_289_270_485_8e-4,
  -0.983_744_753_048_795_6e-4, 0.158_088_703_224_912_5e-3, -0.210_264_441_724_104_9e-3,
  0.217_439_618_115_212_6e-3, -0.164_318_106_536_763_9e-3, 0.844_182_239_838_527_4e-4,
  -0.261_908_384_015_814_1e-4, 0.368_991_826_595_316_2e-5,
];

function lanczos(x: number): number {
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (x + i);
  return sum;
}

/** NaN at the poles, where Python's is a domain error. */
export function gamma(x: number): number {
  if (Number.isInteger(x)) {
    if (x <= 0) return NaN;
    if (x <= 171) {
      let product = 1;
      for (let n = 2; n < x; n++) product *= n;
      return product;
    }
  }
  if (x === -Infinity) return NaN;
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const y = x - 1;
  const t = y + G + 0.5;
  // In two steps, so that the power does not overflow before the result does.
  const half = t ** ((y + 0.5) / 2);
  return Math.sqrt(2 * Math.PI) * half * Math.exp(-t) * half * lanczos(y);
}

export function logGamma(x: number): number {
  if (x === -Infinity || x === Infinity) return Infinity;
  if (Number.isInteger(x) && x <= 0) return NaN;
  if (x === 1 || x === 2) return 0;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  const y = x - 1;
  const t = y + G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(lanczos(y));
}
