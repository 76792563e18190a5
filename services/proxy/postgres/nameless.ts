import { frontend as type, readBind, readExecute, readParse, readQuery } from './codec.js';
import type { Message, Unit } from './units.js';

/*
 * One statement of transactions, without a second behind a semicolon. `set transaction_isolation = …` is none: an
 * underscore is a letter of the word.
 */
const transaction =
  /^\s*(?:begin|start\s+transaction|set\s+transaction|savepoint|release|commit|end|rollback|abort)\b[^;]*;?\s*$/i;

/**
 * Is it sure that these messages name no table, column or function? Before such nothing needs to be asked of the
 * target; and before SET TRANSACTION nothing may be, which the server takes only as a transaction's first query.
 */
export function namesNothing(unit: Unit): boolean {
  if (unit.kind === 'query') return transaction.test(textOf(unit.message));
  return unit.kind === 'segment' && isWholly(unit.messages);
}

/** What is bound and executed was parsed and bound here. */
function isWholly(messages: readonly Message[]): boolean {
  const statements = new Set<string>();
  const portals = new Set<string>();
  return messages.every(({ code, buffer, start, end }) => {
    switch (code) {
      case type.parse: {
        const { name, text } = readParse(buffer, start, end);
        statements.add(name);
        return transaction.test(text);
      }
      case type.bind: {
        const { portal, statement } = readBind(buffer, start, end);
        portals.add(portal);
        return statements.has(statement);
      }
      case type.execute:
        return portals.has(readExecute(buffer, start, end).portal);
      default:
        return true;
    }
  });
}

const textOf = ({ buffer, start, end }: Message): string => readQuery(buffer, start, end);
