import { type Tuple, tupleFrom } from '../../pickle/index.ts';
import { Slot } from '../slot.ts';
import { exposeItem } from './adopt.ts';
import type { Belonging } from './tracker.ts';

/**
 * A tuple of a persistent object. A tuple cannot be changed, so reading needs no proxy: user code gets the tuple itself when
 * its items are what it holds, else one whose items are handed out once.
 */
export class TupleSlot extends Slot {
  raw: Tuple;
  readonly belonging: Belonging;
  #exposed: Tuple | null = null;

  constructor(raw: Tuple, belonging: Belonging) {
    super();
    this.raw = raw;
    this.belonging = belonging;
  }

  get exposed(): Tuple {
    return (this.#exposed ??= Object.freeze(exposeTuple(this.raw, this.belonging)) as Tuple);
  }

  override expose(): unknown {
    return this.exposed;
  }

  override stored(): unknown {
    return this.raw;
  }
}

function exposeTuple(raw: Tuple, belonging: Belonging): Tuple {
  let result = raw;
  for (let i = 0; i < raw.length; i++) {
    const item = raw[i];
    if (typeof item !== 'object' || item === null) continue;
    const seen = exposeItem(item, belonging);
    if (seen === item) continue;
    if (result === raw) result = tupleFrom(raw);
    result[i] = seen;
  }
  return result;
}
