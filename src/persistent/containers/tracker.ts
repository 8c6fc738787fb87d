import { ContainerError } from '../errors.ts';
import type { Meta } from '../meta.ts';

/**
 * Ties containers to the persistent object that they are part of: to the state that it had when they were handed out. When
 * the object has been unloaded, rolled back or loaded anew, they are no longer part of it.
 */
export class Belonging {
  readonly owner: Meta;
  readonly home: object;
  /** The attribute, for errors. */
  readonly name: string;

  constructor(owner: Meta, name: string) {
    this.owner = owner;
    this.home = owner.state!;
    this.name = name;
  }

  get alive(): boolean {
    return this.owner.state === this.home;
  }

  /** Before every use. */
  check(): void {
    if (this.owner.state !== this.home) throw staleError(this);
  }

  /** Before every change. */
  change(): void {
    if (this.owner.state !== this.home) throw staleError(this);
    this.owner.touch();
  }

  describe(): string {
    return `${this.owner.describe()}.${this.name}`;
  }
}

function staleError(belonging: Belonging): ContainerError {
  return new ContainerError(
    'CONTAINER_STALE',
    `this container was read from ${belonging.describe()} before the object was unloaded, rolled back or reloaded, and is no longer part of it; read it again`,
  );
}

export function sharedError(other: Belonging, owner: Meta, name: string): ContainerError {
  return new ContainerError(
    'CONTAINER_SHARED',
    `this container belongs to ${other.describe()} and cannot also belong to ${owner.describe()}.${name}: ` +
      'two records cannot share it; assign a copy, or make it a persistent object',
  );
}
