import { create } from '@bufbuild/protobuf';
import {
  encodeEnvelope,
  genesis,
  linkEnvelope,
  LinkSchema,
  newEvent,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  type EncodedEnvelope,
} from '#events';
import { ManualClock, systemClock } from '#kernel';

/** Statements of a session, `statement N` each, from one place in it through another; their links prove nothing. */
export function events(session: string, from: number, through: number): EncodedEnvelope[] {
  return Array.from({ length: through - from + 1 }, (_, i) => {
    const seq = from + i;
    const init = { statementId: `stm_${session}_${seq}`, text: `statement ${seq}`, decision: 'allow' };
    const origin = { source: 'proxy/test', subject: session, clock: systemClock };
    const event = newEvent(StatementReceivedSchema, init, origin);
    event.link = create(LinkSchema, { seq: BigInt(seq), hash: Buffer.alloc(32) });
    return encodeEnvelope(event);
  });
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** One statement of a session, as a test needs it. */
export interface Ran {
  /** Milliseconds since the epoch: when it was over. */
  readonly at: number;
  readonly table?: string;
  /** Instead of `table`, in this order. */
  readonly reads?: readonly TableName[];
  readonly writes?: readonly TableName[];
  readonly kinds?: readonly string[];
  readonly columns?: readonly string[];
  /** Tables that are read through this one. */
  readonly through?: readonly string[];
  readonly text?: string;
  readonly rows?: number;
  /** Of the result; absent: a hundred a row. */
  readonly bytes?: number;
  readonly masked?: Readonly<Record<string, bigint>>;
  readonly revealed?: Readonly<Record<string, bigint>>;
  /** Different values in the look-up window, of 200. */
  readonly lookups?: number;
  readonly status?: string;
  readonly sqlstate?: string;
  /** Held, and approved by a person. */
  readonly isApproved?: boolean;
  /** Milliseconds that it took. */
  readonly took?: number;
}

export interface SessionOf {
  readonly id: string;
  readonly identity?: string;
  readonly kind?: string;
  readonly connection?: string;
  readonly host?: string;
  readonly program?: string;
  readonly user?: string;
  readonly groups?: readonly string[];
  /** Whose agent it is. */
  readonly onBehalfOf?: string;
}

const decisionOf = ({ status, isApproved = false }: Ran): string =>
  isApproved ? 'hold' : status === 'denied' ? 'deny' : 'allow';

/** A whole session, linked: its start a second before its first statement, and its end. */
export function sessionOf(session: SessionOf, statements: readonly Ran[]): EncodedEnvelope[] {
  const { id, identity = 'corp:bot', kind = 'agent', connection = 'shop', host = '10.0.0.5' } = session;
  const own: EncodedEnvelope[] = [];
  let head = genesis;
  const add = <T extends Parameters<typeof newEvent>[0]>(
    at: number,
    schema: T,
    init: Parameters<typeof newEvent<T>>[1],
  ) => {
    const event = newEvent(schema, init, { source: 'proxy/test', subject: id, clock: new ManualClock(at) });
    head = linkEnvelope(event, head);
    own.push(encodeEnvelope(event));
  };
  const begin = Math.min(...statements.map(({ at, took = 10 }) => at - took)) - 1000;
  add(begin, SessionStartedSchema, {
    ...{
      sessionId: id,
      principal: {
        ...{ id: identity, kind, groups: [...(session.groups ?? [])] },
        onBehalfOf: session.onBehalfOf ?? '',
      },
      connection,
      protocol: 'postgres',
    },
    ...{
      sourceAddress: `${host}:40000`,
      clientProgram: session.program ?? 'psql',
      clientUser: session.user ?? 'bot',
    },
  });
  for (const [n, ran] of statements.entries()) {
    const {
      at,
      table = 'customers',
      text = `select * from ${table}`,
      rows = 1,
      status = 'ok',
      took = 10,
    } = ran;
    const statementId = `stm_${id}_${n}`;
    add(at - took, StatementReceivedSchema, {
      ...{
        statementId,
        text,
        textHash: Buffer.from(text.padEnd(32).slice(0, 64)),
        how: 'simple',
        kinds: [...(ran.kinds ?? ['select'])],
      },
      ...{ fingerprint: text.replaceAll(/\d+/g, '?'), decision: decisionOf(ran) },
      reads: [...(ran.reads ?? (table === '' ? [] : [{ schema: 'public', name: table }]))],
      writes: [...(ran.writes ?? [])],
      ...(ran.lookups !== undefined && { lookupsUsed: BigInt(ran.lookups), lookupsLimit: 200n }),
      through: (ran.through ?? []).map((name) => ({ schema: 'public', name })),
      columns: (ran.columns ?? []).map((column) => ({ schema: 'public', table, column })),
    });
    const values = { masked: { ...ran.masked }, revealed: { ...ran.revealed } };
    const count = {
      rows: BigInt(rows),
      bytes: BigInt(ran.bytes ?? rows * 100),
      durationUs: BigInt(took * 1000),
    };
    add(at, StatementOutcomeSchema, {
      statementId,
      status,
      sqlstate: ran.sqlstate ?? '',
      ...count,
      ...values,
    });
  }
  add(Math.max(...statements.map(({ at }) => at)) + 1000, SessionEndedSchema, {
    sessionId: id,
    reason: 'terminated',
  });
  return own;
}
