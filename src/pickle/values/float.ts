/** A Python float whose value is integral (1.0, -0.0, 1e300): a plain number of that value would be an int. */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
    Object.freeze(this);
  }

  valueOf(): number {
    return this.value;
  }

  toJSON(): number {
    return this.value;
  }

  toString(): string {
    return String(this.value);
  }
}

/** The representation of the float `n`: itself when it is not integral, else a `PyFloat`. */
export function float(n: number): number | PyFloat {
  return Number.isInteger(n) ? new PyFloat(n) : n;
}

/** Whether a value is a Python float. */
export function isFloat(value: unknown): value is number | PyFloat {
  return typeof value === 'number' ? !Number.isInteger(value) : value instanceof PyFloat;
}
