/**
 * The session's prepared statements or portals, as the server will have them once it has answered.
 *
 * A client may pipeline: it uses a name before the server confirmed it. A change is therefore made at once and
 * marked pending; the server's answer settles it, an error takes it back. Between segments a pending name must
 * not be used at all (`isPending`): whether the server has the old or the new one is not known, and judging
 * one while the other runs would be a way past the gate.
 */
export interface Change<T> {
  readonly name: string;
  /** Undefined: closed. */
  readonly value: T | undefined;
  pending: boolean;
  previous: Change<T> | undefined;
}

export class SessionNames<T> {
  private readonly slots = new Map<string, Change<T>>();

  get(name: string): T | undefined {
    return this.slots.get(name)?.value;
  }

  isPending(name: string): boolean {
    return this.slots.get(name)?.pending === true;
  }

  get size(): number {
    return this.slots.size;
  }

  names(): Iterable<string> {
    return this.slots.keys();
  }

  change(name: string, value: T | undefined): Change<T> {
    const slot: Change<T> = { name, value, pending: true, previous: this.slots.get(name) };
    this.slots.set(name, slot);
    return slot;
  }

  confirm(change: Change<T>): void {
    change.pending = false;
    change.previous = undefined;
    if (change.value === undefined && this.slots.get(change.name) === change) this.slots.delete(change.name);
  }

  revert(change: Change<T>): void {
    const current = this.slots.get(change.name);
    if (current === change) this.restore(change);
    else for (let c = current; c; c = c.previous) if (c.previous === change) c.previous = change.previous;
  }

  /** Forgets what the server has dropped, e.g. at the end of a transaction. */
  forget(drop: (value: T) => boolean): void {
    for (const [name, slot] of this.slots)
      if (!slot.pending && (slot.value === undefined || drop(slot.value))) this.slots.delete(name);
  }

  private restore(change: Change<T>): void {
    if (change.previous) this.slots.set(change.name, change.previous);
    else this.slots.delete(change.name);
  }
}
