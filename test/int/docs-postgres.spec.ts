import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../libs/platform/config.schema.js';
import { bot, given, on, shipped } from '../../libs/policy-engine/spec/given.js';
import { statementKinds } from '../../libs/statement/postgres/statement-kinds.js';
import { judgeSet, type SqlAction } from '#statement';
import { mostLookups } from '../../services/proxy/gate/lookup-values.js';
import { backend, frontend } from '../../services/proxy/postgres/codec.js';
import { maxMaskedRow } from '../../services/proxy/postgres/masking.js';
import { readParameters } from '../../services/proxy/postgres/startup-parameters.js';
import { nodePostgresDifferences, regressionDifferences } from '../long/transparency/by-design.js';
import { shown, table } from '../long/transparency/suite-report.js';
import { root } from '../support/house.js';

const page = readFileSync(join(root, 'docs/postgres.md'), 'utf8');

/** The cells of the table rows below a heading. */
function rows(heading: string): string[][] {
  const section = page.split(/^#+ /m).find((each) => each.startsWith(heading));
  if (section === undefined) throw new Error(`docs/postgres.md has no section ${heading}`);
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);

describe('docs/postgres.md', () => {
  it.each([
    ['Messages from the client', frontend],
    ['Messages from the server', backend],
  ])('%s: each type that the codec knows, once', (heading, types) => {
    const named = rows(heading).flatMap(([first]) => quoted(first));
    expect(named.sort()).toEqual(Object.keys(types).sort());
  });

  it('statements: each kind below its action', () => {
    const documented = new Map(
      rows('Statements').map(([action, kinds]) => [quoted(action)[0], quoted(kinds)]),
    );
    for (const { kind, action } of Object.values(statementKinds))
      expect(documented.get(action), `${kind} is ${action}`).toContain(kind);
  });

  it('statements: what the shipped policies answer an agent', () => {
    const house = given(shipped());
    for (const [action, , answer] of rows('Statements')) {
      const { verdict } = house.when(bot, on(quoted(action)[0] as SqlAction));
      expect(answer!.split(',')[0], action).toBe(verdict.decision);
      const { maxRows } = verdict.obligations;
      if (maxRows !== undefined) expect(answer).toContain(`${maxRows.toLocaleString('en')} rows`);
    }
  });

  it('settings: those that SET takes, and those at sign-in', () => {
    const [any, path, encoding, messages, strings, signIn] = rows('Settings');
    for (const name of quoted(any![1])) expect(judgeSet(name, ['1']), name).toBe('session');
    const sets: [string[], string][] = [
      [path!, 'pg_catalog'],
      [encoding!, 'UTF8'],
      [messages!, 'notice'],
      [strings!, 'on'],
    ];
    for (const [cells, value] of sets) expect(judgeSet(quoted(cells[1])[0]!, [value])).toBe('session');
    const values: Record<string, string> = { search_path: 'public', client_encoding: 'UTF8', standard_conforming_strings: 'on', client_min_messages: 'notice' }; // prettier-ignore
    for (const name of quoted(signIn![1]))
      expect(() => readParameters(new Map([['user', 'a'], [name, values[name] ?? '1']])), name).not.toThrow(); // prettier-ignore
  });

  it('limits: those that are configured or exported', () => {
    const limit = (what: string) => rows('Limits').find(([first]) => first!.startsWith(what))?.[1];
    const { statements, sessions, recording } = configSchema.parse({});
    expect(limit('a statement’s text') ?? limit("a statement's text")).toContain(
      `${statements.maxBytes / 2 ** 20} MiB`,
    );
    expect(limit('a sign-in')).toContain(`${sessions.startupTimeout} s`);
    expect(limit('a session')).toContain(`${sessions.maxAge / 3600} h`);
    expect(limit('result kept')).toContain(`${recording.maxResultBytes / 1024} KiB`);
    expect(limit('a row in which')).toBe(`${maxMaskedRow / 2 ** 20} MiB`);
    expect(limit('values that a statement looks up')).toBe(String(mostLookups));
  });

  it('suites: every difference that stands is meant, and every one that is meant stands', () => {
    expect(shown('regression')).toContain(table(regressionDifferences));
    expect(shown('node-postgres')).toContain(table(nodePostgresDifferences));
  });
});
