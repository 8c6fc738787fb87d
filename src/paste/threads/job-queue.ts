/**
 * Requests that wait, first come first served. A ring that stays where it is: an `Array` that is shifted moves on through memory, and what
 * it has left behind keeps what was in it from dying young.
 */
import type { Job } from './pool-thread.ts';

export class JobQueue {
  #ring: (Job | undefined)[] = Array.from({ length: 64 }, () => undefined);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(job: Job): void {
    this.#grow();
    this.#ring[this.#at(this.#length++)] = job;
  }

  /** Puts a request before all others. */
  unshift(job: Job): void {
    this.#grow();
    this.#first = this.#at(this.#ring.length - 1);
    this.#ring[this.#first] = job;
    this.#length++;
  }

  shift(): Job | undefined {
    if (this.#length === 0) return undefined;
    const job = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = this.#at(1);
    this.#length--;
    return job;
  }

  /** Takes a request out, wherever it is. */
  remove(job: Job): void {
    const all = this.takeAll();
    for (const each of all) if (each !== job) this.push(each);
  }

  /** Takes all out. */
  takeAll(): Job[] {
    const all: Job[] = [];
    for (let job = this.shift(); job !== undefined; job = this.shift()) all.push(job);
    return all;
  }

  #at(index: number): number {
    return (this.#first + index) & (this.#ring.length - 1);
  }

  #grow(): void {
    const size = this.#ring.length;
    if (this.#length < size) return;
    const all = this.takeAll();
    this.#ring = Array.from({ length: size * 2 }, () => undefined);
    this.#first = 0;
    for (const job of all) this.#ring[this.#length++] = job;
  }
}
