import { fromBinary } from '@bufbuild/protobuf';
import {
  firstField,
  genesis,
  SessionEndedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  type ChainHead,
} from '#events';

/** What must be known of a session to continue its chain: where it stands, and what has no outcome yet. */
export interface SessionState {
  head: ChainHead;
  readonly openStatements: Set<string>;
  ended: boolean;
}

const received = StatementReceivedSchema.typeName;
const outcome = StatementOutcomeSchema.typeName;
const ended = SessionEndedSchema.typeName;

export const newSessionState = (head: ChainHead = genesis): SessionState => ({
  head,
  openStatements: new Set(),
  ended: false,
});

/** Notes an event of the session, its head apart. */
export function note(state: SessionState, type: string, data: Uint8Array): void {
  if (type === received) {
    state.openStatements.add(firstField(data) ?? fromBinary(StatementReceivedSchema, data).statementId);
  } else if (type === outcome) {
    state.openStatements.delete(firstField(data) ?? fromBinary(StatementOutcomeSchema, data).statementId);
  } else if (type === ended) {
    state.ended = true;
  }
}
