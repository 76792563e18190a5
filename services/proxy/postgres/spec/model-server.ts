import {
  backend,
  commandComplete,
  errorResponse,
  frontend as type,
  int16,
  message,
  readBind,
  readExecute,
  readNamed,
  readParse,
  readQuery,
  readyForQuery,
  textRowDescription,
} from '../codec.js';

import { readSelect, type Select } from './model-select.js';

interface Portal {
  readonly text: string;
  /** What it runs, for a SELECT or a cursor. */
  readonly select: Select | undefined;
  readonly holds: boolean;
  readonly level: number;
  sent: number;
}

const rowsOfSelect = 3;

class Failed extends Error {
  constructor(readonly sqlstate: string) {
    super(sqlstate);
  }
}

/**
 * PostgreSQL as far as names go: which statement or portal a name is, when it comes to be, and when it goes with an
 * error, a transaction or a Sync.
 */
export class ModelServer {
  private statements = new Map<string, string>();
  private readonly portals = new Map<string, Portal>();
  /** Cursors that an earlier transaction has kept. */
  private readonly old = new WeakSet<Portal>();
  private block: 'none' | 'open' | 'failed' = 'none';
  private savepoints: string[] = [];
  private skipping = false;
  private depth = 0;

  constructor(private readonly say: (bytes: Buffer) => void) {}

  answer(code: number, bytes: Buffer): void {
    if (this.skipping && code !== type.sync && code !== type.terminate) return;
    try {
      this.take(code, bytes);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.say(errorResponse({ severity: 'ERROR', sqlstate: error.sqlstate, message: 'no' }));
      this.abort();
      if (code === type.query) this.ready();
      else this.skipping = true;
    }
  }

  private take(code: number, bytes: Buffer): void {
    switch (code) {
      case type.parse:
        return this.parse(bytes);
      case type.bind:
        return this.bind(bytes);
      case type.describe:
        return this.describe(bytes);
      case type.execute: {
        const { portal, maxRows } = readExecute(bytes);
        return this.execute(portal, maxRows);
      }
      case type.close: {
        const { what, name } = readNamed(bytes);
        (what === 'statement' ? this.statements : this.portals).delete(name);
        return this.say(message(backend.closeComplete));
      }
      case type.query:
        return this.query(readQuery(bytes));
      case type.sync:
        this.skipping = false;
        return this.ready();
      default:
        return undefined;
    }
  }

  private parse(bytes: Buffer): void {
    const { name, text } = readParse(bytes);
    if (name === '') this.statements.delete('');
    this.check(text);
    if (name !== '' && this.statements.has(name)) throw new Failed('42P05');
    this.statements.set(name, text);
    this.say(message(backend.parseComplete));
  }

  private bind(bytes: Buffer): void {
    const { portal, statement } = readBind(bytes);
    const text = this.statements.get(statement);
    if (text === undefined) throw new Failed('26000');
    if (this.block === 'failed' && !ends(text)) throw new Failed('25P02');
    if (portal !== '' && this.portals.has(portal)) throw new Failed('42P03');
    this.portals.set(portal, this.portalOf(text, readSelect(text), false));
    this.say(message(backend.bindComplete));
  }

  private portalOf(text: string, select: Select | undefined, holds: boolean): Portal {
    return { text, select, holds, level: this.savepoints.length, sent: 0 };
  }

  private describe(bytes: Buffer): void {
    const { what, name } = readNamed(bytes);
    const portal = this.portals.get(name);
    const text = what === 'statement' ? this.statements.get(name) : portal?.text;
    if (text === undefined) throw new Failed(what === 'statement' ? '26000' : '34000');
    if (this.block === 'failed' && !ends(text)) throw new Failed('25P02');
    if (what === 'statement') this.say(message(backend.parameterDescription, int16(0)));
    const returnsRows = this.returnsRows(text) || (what === 'portal' && portal?.select !== undefined);
    this.say(returnsRows ? textRowDescription(['v']) : message(backend.noData));
  }

  private returnsRows(text: string, depth = 0): boolean {
    if (depth > 20) throw new Failed('54001');
    if (readSelect(text)) return true;
    const [word, name = ''] = text.split(' ');
    if (word === 'EXECUTE') return this.returnsRows(this.statements.get(name) ?? '', depth + 1);
    return word === 'FETCH' && this.portals.get(text.split(' ')[2]!)?.select !== undefined;
  }

  private execute(name: string, maxRows: number): void {
    const portal = this.portals.get(name);
    if (!portal) throw new Failed('34000');
    if (portal.select) return this.fetch(portal, maxRows, 'SELECT');
    this.run(portal.text);
  }

  private query(text: string): void {
    this.statements.delete('');
    const statements = text.split(';').filter((each) => each.trim() !== '');
    if (statements.length === 0) this.say(message(backend.emptyQueryResponse));
    for (const each of statements) {
      if (this.returnsRows(each.trim())) this.say(textRowDescription(['v']));
      this.run(each.trim());
    }
    this.portals.delete('');
    this.ready();
  }

  /** One statement of SQL. */
  private run(text: string): void {
    this.check(text);
    const select = readSelect(text);
    if (select) return this.fetch(this.portalOf(text, select, false), 0, 'SELECT');
    const words = text.split(' ');
    const name = words[1]!;
    switch (words[0]) {
      case 'BEGIN':
        if (this.block === 'none') this.block = 'open';
        return this.done('BEGIN');
      case 'COMMIT':
      case 'ROLLBACK':
        return words[1] === 'TO' ? this.rollbackTo(words[2]!) : this.end(words[0]);
      case 'SAVEPOINT':
        if (this.block === 'none') throw new Failed('25P01');
        this.savepoints.push(name);
        return this.done('SAVEPOINT');
      case 'PREPARE':
        if (this.statements.has(name)) throw new Failed('42P05');
        this.statements.set(name, text.slice(text.indexOf(' AS ') + 4));
        return this.done('PREPARE');
      case 'EXECUTE':
        return this.executePrepared(name);
      case 'DEALLOCATE':
        return this.deallocate(name);
      case 'DECLARE':
        return this.declare(name, text);
      case 'FETCH':
        return this.fetchFrom(words[2]!, Number(name));
      case 'CLOSE':
        if (name === 'ALL') this.portals.clear();
        else if (!this.portals.delete(name)) throw new Failed('34000');
        return this.done('CLOSE CURSOR');
      case 'DISCARD':
        if (this.block !== 'none') throw new Failed('25001');
        this.portals.clear();
        this.deallocate('ALL');
        return undefined;
      default:
        throw new Failed('42601');
    }
  }

  private check(text: string): void {
    if (this.block === 'failed' && !ends(text)) throw new Failed('25P02');
    if (readSelect(text)?.fails === 'parsing') throw new Failed('42P01');
    const inner = /(?: AS | FOR )(SELECT .*)$/.exec(text)?.[1];
    if (inner && !text.startsWith('SELECT') && readSelect(inner)?.fails === 'parsing')
      throw new Failed('42P01');
  }

  private executePrepared(name: string): void {
    const text = this.statements.get(name);
    if (text === undefined || name === '') throw new Failed('26000');
    // One that executes itself exhausts the server's stack.
    if (text === `EXECUTE ${name}` || this.depth > 20) throw new Failed('54001');
    this.depth++;
    try {
      this.run(text);
    } finally {
      this.depth--;
    }
  }

  private deallocate(name: string): void {
    if (name === 'ALL') {
      const unnamed = this.statements.get('');
      this.statements = new Map(unnamed === undefined ? [] : [['', unnamed]]);
    } else if (!this.statements.delete(name)) throw new Failed('26000');
    this.done('DEALLOCATE');
  }

  private declare(name: string, text: string): void {
    const holds = text.includes(' WITH HOLD ');
    if (this.block === 'none' && !holds) throw new Failed('25P01');
    if (this.portals.has(name)) throw new Failed('42P03');
    const select = readSelect(text.slice(text.indexOf(' FOR ') + 5));
    this.portals.set(name, this.portalOf(text, select, holds));
    this.done('DECLARE CURSOR');
  }

  private fetchFrom(name: string, rows: number): void {
    const portal = this.portals.get(name);
    if (!portal) throw new Failed('34000');
    if (portal.select) return this.fetch(portal, rows, 'FETCH');
    throw new Failed('55000');
  }

  private fetch(portal: Portal, maxRows: number, tag: string): void {
    if (portal.select!.fails !== 'never') throw new Failed('22012');
    const left = rowsOfSelect - portal.sent;
    const rows = maxRows === 0 ? left : Math.min(left, maxRows);
    for (let i = 0; i < rows; i++) {
      const value = Buffer.from(portal.select!.value);
      this.say(message(backend.dataRow, int16(1), value.length, value));
    }
    portal.sent += rows;
    if (tag === 'SELECT' && maxRows > 0 && rows === maxRows) this.say(message(backend.portalSuspended));
    else this.done(`${tag} ${rows}`);
  }

  private end(word: 'COMMIT' | 'ROLLBACK'): void {
    const keeps = word === 'COMMIT' && this.block !== 'failed';
    this.drop((portal) => !(keeps && portal.holds) && !this.isOld(portal));
    this.block = 'none';
    this.savepoints = [];
    this.done(keeps ? 'COMMIT' : 'ROLLBACK');
  }

  private isOld(portal: Portal): boolean {
    return this.old.has(portal);
  }

  private rollbackTo(name: string): void {
    const at = this.savepoints.lastIndexOf(name);
    if (this.block === 'none') throw new Failed('25P01');
    if (at < 0) throw new Failed('3B001');
    this.savepoints.length = at + 1;
    this.block = 'open';
    this.drop((portal) => portal.level > at && !this.isOld(portal));
    this.done('ROLLBACK');
  }

  private abort(): void {
    if (this.block === 'none') this.drop((portal) => !this.isOld(portal));
    else {
      this.block = 'failed';
      this.drop((portal) => portal.level >= this.savepoints.length && !this.isOld(portal));
    }
  }

  private ready(): void {
    if (this.block === 'none') {
      this.drop((portal) => !portal.holds);
      for (const portal of this.portals.values()) this.old.add(portal);
      this.savepoints = [];
    }
    this.say(readyForQuery(this.block === 'none' ? 'I' : this.block === 'open' ? 'T' : 'E'));
  }

  private drop(which: (portal: Portal) => boolean): void {
    for (const [name, portal] of this.portals) if (which(portal)) this.portals.delete(name);
  }

  private done(tag: string): void {
    this.say(commandComplete(tag));
  }
}

function ends(text: string): boolean {
  return /^(COMMIT|ROLLBACK)/.test(text.trim());
}
