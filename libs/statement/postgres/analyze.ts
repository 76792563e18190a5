import { AppError } from '#kernel';
import type { Access, Analysis, SessionEffect, StatementFacts } from '../facts.js';
import { fingerprint, type RawStatement } from './parser.js';
import { StatementReader } from './reader.js';
import { beginUses } from './scope.js';
import { renames } from './renames.js';
import { kindOf } from './statement-kinds.js';
import { describeWhole, type Draft } from './statement-facts.js';
import { known } from './text.js';
import { asNode } from './tree.js';

/** What a text does. Throws STATEMENT_DENIED with the parser's message for what it does not take. */
export function analyze(text: string): Analysis {
  const entry = known(text);
  return (entry.analysis ??= understand(text, entry.statements));
}

function understand(text: string, statements: readonly RawStatement[]): Analysis {
  const bytes = Buffer.byteLength(text);
  beginUses();
  try {
    return {
      text,
      fingerprint: statements.length === 0 ? '' : fingerprint(text),
      statements: statements.map((each) => factsOf(each, text, bytes)),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = 'the statement is nested too deeply to be understood';
    throw new AppError('STATEMENT_DENIED', message, { cause: error });
  }
}

function factsOf(raw: RawStatement, text: string, bytes: number): StatementFacts {
  const start = raw.location;
  const end = raw.length > 0 ? start + raw.length : bytes;
  const node = asNode(raw.stmt);
  if (!node) return unknown(start, end);
  const row = kindOf(node.type);
  const reader = new StatementReader(row.action);
  const draft: Draft = { text, start, end, node, row, reader };
  const { kind, effect, returnsRows, hasLimit, problem } = describeWhole(draft);
  return {
    kind,
    accesses: reader.accesses.list(),
    functions: [...reader.functions],
    hasLimit,
    writes: reader.writes,
    locksRows: reader.locksRows,
    renames: renames(node),
    returnsRows,
    start,
    end,
    ...(effect ? { effect } : {}),
    ...(problem === undefined ? {} : { problem }),
  };
}

function unknown(start: number, end: number): StatementFacts {
  const access: Access = { action: 'sql:unknown', columns: [] };
  const functions: string[] = [];
  return {
    kind: 'unknown',
    accesses: [access],
    functions,
    hasLimit: false,
    writes: true,
    locksRows: true,
    renames: true,
    returnsRows: true,
    start,
    end,
  };
}

export type { SessionEffect };
