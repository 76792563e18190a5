import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Principal } from '#kernel';
import type { SqlAction } from '#statement';
import { compilePolicies } from '../compile.js';
import type {
  ConnectionRef,
  DecisionContext,
  DecisionRequest,
  Obligations,
  PolicyFile,
  ResolvedAccess,
  Verdict,
} from '../verdict.js';

export const bot: Principal = principal('agent', ['agents']);
export const bulkBot: Principal = principal('agent', ['agents', 'bulk-readers']);
export const ana: Principal = { ...principal('person', ['payments-team']), id: 'corp:ana', subject: 'ana' };
export const orders: ConnectionRef = { name: 'orders', protocol: 'postgres', owner: 'payments-team' };

const quiet: DecisionContext = {
  hour: 10,
  weekday: 2,
  kinds: ['select'],
  functions: [],
  hasLimit: false,
  multiStatement: false,
  inTransaction: false,
  locksRows: false,
  risk: 'none',
};

export function principal(kind: Principal['kind'], groups: readonly string[]): Principal {
  return { id: 'corp:bot', issuer: 'corp', subject: 'bot', kind, groups };
}

type Where = NonNullable<ResolvedAccess['where']>;

/** An access on a table of the schema public. */
export function on(
  action: SqlAction,
  table = 'customers',
  more: { where?: Where; columns?: readonly string[] } = {},
): ResolvedAccess {
  return { action, relation: { schema: 'public', name: table }, columns: ['id'], ...more };
}

/** An access on the connection itself. */
export function onConnection(action: SqlAction): ResolvedAccess {
  return { action, columns: [] };
}

export function request(
  who: Principal,
  accesses: readonly ResolvedAccess[],
  context: Partial<DecisionContext> = {},
): DecisionRequest {
  return { principal: who, connection: orders, accesses, context: { ...quiet, ...context } };
}

export function shipped(): PolicyFile[] {
  return ['agents', 'people'].map((name) => ({
    name: `policies/${name}.cedar`,
    text: read(`policies/${name}.cedar`),
  }));
}

/** A file of the repository. */
export function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

/** `given(text).when(bot, on('sql:select')).then({ decision: 'allow' })` */
export function given(policies: string | readonly PolicyFile[]) {
  const files = typeof policies === 'string' ? [{ name: 'test.cedar', text: policies }] : policies;
  const snapshot = compilePolicies(files);
  return {
    snapshot,
    when: (who: Principal, ...accesses: readonly ResolvedAccess[]) => outcome(request(who, accesses)),
    whenIn: (context: Partial<DecisionContext>, who: Principal, ...accesses: readonly ResolvedAccess[]) =>
      outcome(request(who, accesses, context)),
  };

  function outcome(asked: DecisionRequest) {
    const verdict = snapshot.decide(asked);
    return { verdict, then: (expected: Expected) => expectVerdict(verdict, expected) };
  }
}

type Expected = Partial<Omit<Verdict, 'obligations'>> & { readonly obligations?: Partial<Obligations> };

function expectVerdict(verdict: Verdict, { obligations, ...rest }: Expected): void {
  expect(verdict).toMatchObject(rest);
  if (obligations) expect(verdict.obligations).toMatchObject(obligations);
}

/** The lines of the POLICY_INVALID that a text gives; none if it compiles. */
export function problemsOf(text: string, name = 'policies/test.cedar'): string[] {
  return problemsOfFiles([{ name, text }]);
}

export function problemsOfFiles(files: readonly PolicyFile[]): string[] {
  try {
    compilePolicies(files);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'POLICY_INVALID' });
    return (error as Error).message.split('\n');
  }
}
