import { GHOST, type Oid, type PersistentMeta, UPTODATE } from '../persistent/index.ts';

export interface CacheDetail {
  /** Objects with their state in memory, and objects known without it. */
  readonly loaded: number;
  readonly ghosts: number;
  readonly bytes: number;
}

/**
 * The objects of one connection by oid. What is loaded is in a ring, least recently used first; when more is loaded than
 * the limits say, objects at its beginning are turned into ghosts. "Recently used" is a mark that every access sets and the
 * collection takes away: an object with the mark goes to the end of the ring instead (moving it at every access would cost
 * more than the access).
 */
export class ObjectCache {
  /** Most objects (0: no limit) and bytes of records (0: no limit) that stay loaded after a transaction. */
  targetCount: number;
  targetBytes: number;
  #strong = new Map<Oid, PersistentMeta>();
  /** Ghosts: nothing of the cache keeps them alive, but while somebody does, they are the object of their oid. */
  #weak = new Map<Oid, WeakRef<PersistentMeta>>();
  /** Ghosts made since the last collection, which are still held. Making a WeakRef is dear and most are loaded soon. */
  #fresh: PersistentMeta[] = [];
  #first: PersistentMeta | null = null;
  #last: PersistentMeta | null = null;
  #loaded = 0;
  #bytes = 0;
  #weakLimit = 1000;
  /** Within a transaction nothing is tried before so many objects are loaded. */
  #retryAt = 0;

  constructor(targetCount: number, targetBytes: number) {
    this.targetCount = targetCount;
    this.targetBytes = targetBytes;
  }

  get(oid: Oid): PersistentMeta | undefined {
    const meta = this.#strong.get(oid);
    if (meta !== undefined || this.#weak.size === 0) return meta;
    return this.#weak.get(oid)?.deref();
  }

  /** Objects that are loaded. */
  get size(): number {
    return this.#loaded;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a ghost in. */
  add(meta: PersistentMeta): void {
    this.#strong.set(meta.oid!, meta);
    this.#fresh.push(meta);
  }

  /** An object has its state now, from a record of `size` bytes. */
  loaded(meta: PersistentMeta, size: number): void {
    const oid = meta.oid!;
    if (!this.#strong.has(oid)) {
      this.#strong.set(oid, meta);
      this.#weak.delete(oid);
    }
    if (this.#inRing(meta)) this.#bytes += size - meta.size;
    else {
      this.#append(meta);
      this.#loaded++;
      this.#bytes += size;
    }
    meta.size = size;
    meta.used = true;
  }

  /** An object has become a ghost. */
  unloaded(meta: PersistentMeta): void {
    this.#leave(meta);
    this.#fresh.push(meta);
  }

  /** An object does not belong to the database after all. */
  forget(meta: PersistentMeta): void {
    this.#leave(meta);
    this.#strong.delete(meta.oid!);
    this.#weak.delete(meta.oid!);
  }

  /**
   * Called before something is loaded within a transaction: when twice as much is loaded as is to stay at its end, what has not
   * been used lately goes. If little could go, the next attempt comes after half as much again was loaded.
   */
  makeRoom(): void {
    if (this.#loaded < this.#retryAt || !this.#exceeds(2)) return;
    this.collect(false);
    this.#retryAt = this.#exceeds(1) ? Math.ceil(this.#loaded * 1.5) : 0;
  }

  #exceeds(factor: number): boolean {
    return (
      (this.targetCount > 0 && this.#loaded > this.targetCount * factor) ||
      (this.targetBytes > 0 && this.#bytes > this.targetBytes * factor)
    );
  }

  /**
   * Turns least recently used objects into ghosts until the limits are kept. Within a transaction (`between` false)
   * objects stay whose containers are in the hands of user code, or that are used without a proxy: their users do not expect
   * them to vanish.
   */
  collect(between: boolean): void {
    if (between) this.#retryAt = 0;
    if (this.#exceeds(1)) {
      // Twice around: the first time takes marks away, the second time finds who has none.
      for (let steps = this.#loaded * 2; steps > 0 && this.#exceeds(1); steps--) {
        const meta = this.#first!;
        if (meta.used) {
          meta.used = false;
          this.#toEnd(meta);
        } else if (meta.status !== UPTODATE || (!between && (meta.handedOut || meta.isBase)))
          this.#toEnd(meta);
        else meta.ghostify();
      }
    }
    this.#letGo();
  }

  /** Turns every object that has not been changed into a ghost. */
  minimize(): void {
    for (let meta = this.#first; meta !== null;) {
      const next: PersistentMeta | null = meta.ringAfter;
      if (meta.status === UPTODATE) meta.ghostify();
      meta = next;
    }
    this.#letGo();
  }

  /** Every object, loaded or not, that is still in memory. */
  *objects(): Generator<PersistentMeta> {
    yield* this.#strong.values();
    for (const reference of this.#weak.values()) {
      const meta = reference.deref();
      if (meta !== undefined) yield meta;
    }
  }

  /** Loaded objects, least recently used first. */
  *ring(): Generator<PersistentMeta> {
    for (let meta = this.#first; meta !== null; meta = meta.ringAfter) yield meta;
  }

  detail(): CacheDetail {
    let all = 0;
    for (const _ of this.objects()) all++;
    return { loaded: this.#loaded, ghosts: all - this.#loaded, bytes: this.#bytes };
  }

  /** Ghosts live on only as long as somebody uses them. */
  #letGo(): void {
    for (const meta of this.#fresh) {
      if (meta.status !== GHOST || this.#strong.get(meta.oid!) !== meta) continue;
      this.#strong.delete(meta.oid!);
      this.#weak.set(meta.oid!, new WeakRef(meta));
    }
    this.#fresh = [];
    if (this.#weak.size < this.#weakLimit) return;
    for (const [oid, reference] of this.#weak) if (reference.deref() === undefined) this.#weak.delete(oid);
    this.#weakLimit = Math.max(1000, this.#weak.size * 2);
  }

  #inRing(meta: PersistentMeta): boolean {
    return meta.ringBefore !== null || this.#first === meta;
  }

  #append(meta: PersistentMeta): void {
    meta.ringBefore = this.#last;
    meta.ringAfter = null;
    if (this.#last === null) this.#first = meta;
    else this.#last.ringAfter = meta;
    this.#last = meta;
  }

  #unlink(meta: PersistentMeta): void {
    const { ringBefore, ringAfter } = meta;
    if (ringBefore === null) this.#first = ringAfter;
    else ringBefore.ringAfter = ringAfter;
    if (ringAfter === null) this.#last = ringBefore;
    else ringAfter.ringBefore = ringBefore;
    meta.ringBefore = meta.ringAfter = null;
  }

  #toEnd(meta: PersistentMeta): void {
    if (this.#last === meta) return;
    this.#unlink(meta);
    this.#append(meta);
  }

  #leave(meta: PersistentMeta): void {
    if (!this.#inRing(meta)) return;
    this.#unlink(meta);
    this.#loaded--;
    this.#bytes -= meta.size;
  }
}
