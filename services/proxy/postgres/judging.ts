import type { SessionEffect } from '#statement';
import type { Judgement } from '../gate/gate.js';
import { Need, type Knowledge } from './knowledge.js';
import type { SessionParts } from './session-parts.js';
import type { Prepared } from './session-objects.js';

/** What a text is, for this session as it stands now. */
export class Judging {
  private readonly lookup = (effect: SessionEffect) => this.referred(effect);
  private readonly quiet = new Need(() => this.parts.conversation.quiet());
  private readonly refresh = new Need(async (knowledge) => {
    await this.parts.catalog.refresh();
    knowledge.refreshed = true;
  });

  constructor(private readonly parts: SessionParts) {}

  /** Or what must be known first. */
  judge(text: string, knowledge: Readonly<Knowledge>): Judgement | Need {
    const { conversation, session, catalog } = this.parts;
    const judged = session.judge({
      text,
      namespace: catalog.current(),
      inTransaction: conversation.status !== 'I',
      lookup: this.lookup,
    });
    // What it refers to may be another thing once the target has answered.
    if (!conversation.isQuiet && refersBack(judged)) return this.quiet;
    if (judged.unknownRelations.length > 0 && !knowledge.refreshed) return this.refresh;
    return judged;
  }

  /** Judged again if anything changed since: policies, masking, the catalog, the hour, the transaction. */
  current(prepared: Prepared, knowledge: Readonly<Knowledge>): Judgement | Need {
    if (this.stillHolds(prepared)) return prepared.judgement;
    const judged = this.judge(prepared.text, knowledge);
    if (!(judged instanceof Need)) prepared.judgement = judged;
    return judged;
  }

  /** Nothing is: a message that is no statement. */
  nothing(): Judgement {
    return this.judgeAlone('');
  }

  /** What EXECUTE and FETCH run, as judged now. */
  private referred(effect: SessionEffect): Judgement | undefined {
    const prepared = this.parts.conversation.names.referred(effect);
    if (prepared === undefined || prepared === 'pending') return undefined;
    if (!this.stillHolds(prepared)) prepared.judgement = this.judgeAlone(prepared.text);
    return prepared.judgement;
  }

  private judgeAlone(text: string): Judgement {
    const { conversation, session, catalog } = this.parts;
    const inTransaction = conversation.status !== 'I';
    return session.judge({ text, namespace: catalog.current(), inTransaction, lookup: () => undefined });
  }

  private stillHolds({ judgement }: Prepared): boolean {
    const { conversation, session, catalog } = this.parts;
    return session.stillHolds(judgement, catalog.current(), conversation.status !== 'I');
  }
}

/** EXECUTE and FETCH mean what the target has under that name: known only while it owes nothing. */
export function refersBack({ effects }: Judgement): boolean {
  for (let i = 0; i < effects.length; i++) {
    const { type } = effects[i]!;
    if (type === 'execute' || type === 'fetch') return true;
  }
  return false;
}
