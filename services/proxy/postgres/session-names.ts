import type { SessionEffect } from '#statement';
import type { SearchPath } from './catalog.js';
import { newCursor, newPrepared, type Portal, type Prepared, type Spent } from './session-objects.js';
import type { Judgement } from '../gate/gate.js';

/**
 * How far a change has come: `tried` while its segment is being decided, `sent` until the target has answered, then
 * `settled`.
 */
type Stage = 'tried' | 'sent' | 'settled';

/** What one Parse, Bind or Close makes of a name; in the queue of expectations it stands for its answer. */
export class NameChange<K extends 'parse' | 'bind' | 'close', T> {
  stage: Stage = 'tried';

  constructor(
    readonly kind: K,
    private readonly table: NameTable<T>,
    readonly name: string,
    /** Undefined: closed. */
    readonly value: T | undefined,
    /** What it holds; nothing once it was let go. */
    public bytes: number,
    public previous: NameChange<'parse' | 'bind' | 'close', T> | undefined,
  ) {}

  /** The target has done it. */
  confirm(): void {
    this.stage = 'settled';
    this.table.letGo(this.previous);
    this.previous = undefined;
    this.table.confirmed(this);
  }

  /** It was not sent, or the target did not do it. */
  revert(): void {
    this.table.reverted(this);
  }

  /** The target failed on it, which is more than not having seen it. */
  failed(): void {
    this.table.reverted(this);
    // The server drops the unnamed statement before it parses another.
    if (this.kind === 'parse' && this.name === '') this.table.drop('');
  }
}

type AnyChange<T> = NameChange<'parse' | 'bind' | 'close', T>;

/**
 * Prepared statements or portals, by name: what the target has, overlaid with what was sent and what is being decided.
 *
 * A segment sees its own changes: if one of them fails, the target skips the rest. It does not see those of an earlier
 * segment that are unanswered (`pending`): whether the target has the old or the new one is not known, and judging one
 * while the other runs would be a way past the gate.
 */
export class NameTable<T> {
  /** The unnamed one, which nearly every client uses for nearly everything. */
  private unnamed: AnyChange<T> | undefined;
  private readonly named = new Map<string, AnyChange<T>>();
  private held = 0;

  /** Held under names, also what is about to be closed; the unnamed one goes as fast as it comes. */
  get bytes(): number {
    return this.held;
  }

  get size(): number {
    return this.named.size + (this.unnamed === undefined ? 0 : 1);
  }

  find(name: string): T | 'pending' | undefined {
    const newest = this.newest(name);
    return newest?.stage === 'sent' ? 'pending' : newest?.value;
  }

  change<K extends 'parse' | 'bind' | 'close'>(
    kind: K,
    name: string,
    value: T | undefined,
    bytes = 0,
  ): NameChange<K, T> {
    const counted = name === '' ? 0 : bytes;
    const change = new NameChange(kind, this, name, value, counted, this.newest(name));
    this.held += counted;
    this.put(name, change);
    return change;
  }

  /** What SQL did by itself, once the target has said so. */
  set(name: string, value: T, bytes: number): void {
    this.change('bind', name, value, bytes).confirm();
  }

  /** The target has it no more; what was sent since stays. */
  drop(name: string): void {
    const newest = this.newest(name);
    if (newest) this.dropSettled(newest);
  }

  /** Drops what the target has of these. */
  forget(drops: (value: T) => boolean): void {
    if (this.unnamed) this.dropSettled(this.unnamed, drops);
    if (this.named.size > 0) this.forgetNamed(drops);
  }

  /** SQL has no word for the unnamed one. */
  forgetNamed(drops?: (value: T) => boolean): void {
    for (const change of this.named.values()) this.dropSettled(change, drops);
  }

  /** Called by its changes only: of these nothing is held any more. */
  letGo(change: AnyChange<T> | undefined): void {
    for (let each = change; each; each = each.previous) {
      this.held -= each.bytes;
      each.bytes = 0;
    }
  }

  /** Called by its changes only. */
  confirmed(change: AnyChange<T>): void {
    if (change.value === undefined && this.newest(change.name) === change) this.put(change.name, undefined);
  }

  /** Called by its changes only. */
  reverted(change: AnyChange<T>): void {
    const { name, previous } = change;
    this.held -= change.bytes;
    change.bytes = 0;
    const newest = this.newest(name);
    if (newest === change) this.put(name, isGone(previous) ? undefined : previous);
    else for (let c = newest; c; c = c.previous) if (c.previous === change) c.previous = previous;
  }

  private dropSettled(newest: AnyChange<T>, drops?: (value: T) => boolean): void {
    let above: AnyChange<T> | undefined;
    let change: AnyChange<T> | undefined = newest;
    for (; change && change.stage !== 'settled'; change = change.previous) above = change;
    if (!change || (drops && change.value !== undefined && !drops(change.value))) return;
    this.letGo(change);
    if (above) above.previous = undefined;
    else this.put(change.name, undefined);
  }

  private newest(name: string): AnyChange<T> | undefined {
    return name === '' ? this.unnamed : this.named.get(name);
  }

  private put(name: string, change: AnyChange<T> | undefined): void {
    if (name === '') this.unnamed = change;
    else if (change) this.named.set(name, change);
    else this.named.delete(name);
  }
}

function isGone<T>(change: AnyChange<T> | undefined): boolean {
  return change?.stage === 'settled' && change.value === undefined;
}

/** All that has a name in one session, by whichever way it got it: Parse and PREPARE share theirs, so do Bind and DECLARE. */
export class SessionNames {
  readonly statements = new NameTable<Prepared>();
  readonly portals = new NameTable<Portal>();

  /** What EXECUTE or FETCH refers to. */
  referred(effect: SessionEffect): Prepared | 'pending' | undefined {
    if (effect.type === 'execute') return this.statements.find(effect.name);
    if (effect.type !== 'fetch') return undefined;
    const portal = this.portals.find(effect.name);
    return portal === 'pending' ? portal : portal?.prepared;
  }

  /** A statement of SQL has done this to names, the target says. `spent`: a FETCH in the same text has spent of it. */
  done(effect: SessionEffect, judgement: Judgement, spent: Spent, path: SearchPath, place = 0): void {
    const { start = 0, end = 0 } = judgement.analysis.statements[place] ?? {};
    switch (effect.type) {
      case 'prepare':
        return this.statements.set(
          effect.name,
          newPrepared(effect.name, judgement, [], true, place),
          end - start,
        );
      case 'deallocate':
        return effect.name === undefined ? this.statements.forgetNamed() : this.statements.drop(effect.name);
      case 'declare':
        return this.portals.set(
          effect.name,
          newCursor(effect.name, judgement, spent, path, place),
          end - start,
        );
      case 'close':
        return effect.name === undefined ? this.portals.forgetNamed() : this.portals.drop(effect.name);
      case 'discard-all':
        this.statements.forgetNamed();
        return this.portals.forgetNamed();
      default:
        return undefined;
    }
  }

  /** The server runs a query string with the unnamed statement and portal, and keeps neither. */
  queryDone(): void {
    this.statements.drop('');
    this.portals.drop('');
  }

  /** No transaction is open: only cursors may have been kept (WITH HOLD), and FETCH tells. */
  transactionEnded(): void {
    if (this.portals.size > 0) this.portals.forget(isNoCursor);
  }
}

function isNoCursor(portal: Portal): boolean {
  return !portal.cursor;
}
