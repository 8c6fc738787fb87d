import { GHOST, type Oid, type PersistentMeta, tick, UPTODATE } from '../persistent/index.ts';

export interface CacheDetail {
  /** Objects with their state in memory, and objects known without it. */
  readonly loaded: number;
  readonly ghosts: number;
  readonly bytes: number;
}

/**
 * The objects of one connection by oid. What is loaded is in a ring, least recently used first; when more is loaded than
 * the limits say, objects at its beginning are turned into ghosts. A use only stamps the object with its moment (moving it in
 * the ring would cost more than the use). The ring is in the order of the moments at which objects got their places, so the
 * first one that was not used since is the least recently used of all; those that were are put in their places on the way.
 */
export class ObjectCache {
  /** Most objects (0: no limit) and bytes of records (0: no limit) that stay loaded after a transaction. */
  targetCount: number;
  targetBytes: number;
  #strong = new Map<Oid, PersistentMeta>();
  /** Ghosts: nothing of the cache keeps them alive, but while somebody does, they are the object of their oid. */
  #weak = new Map<Oid, WeakRef<PersistentMeta>>();
  /** Ghosts made since the last collection, which the cache still holds: a WeakRef costs much to make, and most ghosts are loaded soon. */
  #fresh: PersistentMeta[] = [];
  #first: PersistentMeta | null = null;
  #last: PersistentMeta | null = null;
  #loaded = 0;
  #bytes = 0;
  #weakLimit = 1000;
  /** Within a transaction room is made again only when so many objects are loaded. */
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
    meta.used = tick();
    if (this.#inRing(meta)) this.#bytes += size - meta.size;
    else {
      this.#append(meta);
      this.#loaded++;
      this.#bytes += size;
    }
    meta.size = size;
  }

  /** An object has become a ghost. */
  unloaded(meta: PersistentMeta): void {
    this.#leave(meta);
    this.#fresh.push(meta);
  }

  /** Whether there is a record from which the object was loaded or to which it was written. */
  hasRecord(meta: PersistentMeta): boolean {
    return this.#inRing(meta);
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
    if (this.#exceeds(1)) this.#unloadOldest(between);
    this.#letGo();
  }

  #unloadOldest(between: boolean): void {
    const used: PersistentMeta[] = [];
    const kept: PersistentMeta[] = [];
    /** The longest unused of those in `used`. */
    let oldest = 0;
    while (this.#exceeds(1)) {
      const meta: PersistentMeta | null = this.#first;
      if (used.length > 0 && (meta === null || ((meta.placed - oldest) | 0) > 0)) {
        this.#place(used);
        used.length = 0;
      } else if (meta === null) break;
      else if (meta.status !== UPTODATE || (!between && (meta.handedOut || meta.isBase))) {
        this.#unlink(meta);
        kept.push(meta);
      } else if (meta.used !== meta.placed) {
        this.#unlink(meta);
        if (used.length === 0 || ((meta.used - oldest) | 0) < 0) oldest = meta.used;
        used.push(meta);
      } else meta.ghostify();
    }
    this.#place(used);
    for (let i = kept.length - 1; i >= 0; i--) this.#insert(kept[i]!, null);
  }

  /** Puts objects in their places by their last use. */
  #place(used: PersistentMeta[]): void {
    used.sort((a, b) => (a.used - b.used) | 0);
    let before = this.#last;
    for (let i = used.length - 1; i >= 0; i--) {
      const meta = used[i]!;
      while (before !== null && ((before.placed - meta.used) | 0) > 0) before = before.ringBefore;
      this.#insert(meta, before);
      meta.placed = meta.used;
    }
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
    const fresh = this.#fresh;
    for (let i = 0; i < fresh.length; i++) {
      const meta = fresh[i]!;
      if (meta.status !== GHOST || this.#strong.get(meta.oid!) !== meta) continue;
      this.#strong.delete(meta.oid!);
      this.#weak.set(meta.oid!, new WeakRef(meta));
    }
    if (fresh.length > 0) this.#fresh = [];
    if (this.#weak.size < this.#weakLimit) return;
    for (const [oid, reference] of this.#weak) if (reference.deref() === undefined) this.#weak.delete(oid);
    this.#weakLimit = Math.max(1000, this.#weak.size * 2);
  }

  #inRing(meta: PersistentMeta): boolean {
    return meta.ringBefore !== null || this.#first === meta;
  }

  #append(meta: PersistentMeta): void {
    this.#insert(meta, this.#last);
    meta.placed = meta.used;
  }

  /** Puts an object in the ring after another one, or first. */
  #insert(meta: PersistentMeta, before: PersistentMeta | null): void {
    const after = before === null ? this.#first : before.ringAfter;
    meta.ringBefore = before;
    meta.ringAfter = after;
    if (before === null) this.#first = meta;
    else before.ringAfter = meta;
    if (after === null) this.#last = meta;
    else after.ringBefore = meta;
  }

  #unlink(meta: PersistentMeta): void {
    const { ringBefore, ringAfter } = meta;
    if (ringBefore === null) this.#first = ringAfter;
    else ringBefore.ringAfter = ringAfter;
    if (ringAfter === null) this.#last = ringBefore;
    else ringAfter.ringBefore = ringBefore;
    meta.ringBefore = meta.ringAfter = null;
  }

  #leave(meta: PersistentMeta): void {
    if (!this.#inRing(meta)) return;
    this.#unlink(meta);
    this.#loaded--;
    this.#bytes -= meta.size;
  }
}
