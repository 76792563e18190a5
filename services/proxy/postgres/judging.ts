import type { SessionEffect } from '#statement';
import type { Judgement, JudgeRequest, ReadText } from '../gate/gate.js';
import type { SearchPath } from './catalog.js';
import { Need, type Knowledge } from './knowledge.js';
import { pathWithin } from './session-effects.js';
import type { SessionParts } from './session-parts.js';
import type { Portal, Prepared } from './session-objects.js';

/** What a text is, for this session as it stands now. */
export class Judging {
  private readonly lookup = (effect: SessionEffect) => this.referred(effect);
  /** Long texts that were read for the unit that is being judged. */
  private texts: readonly ReadText[] = [];
  /** Did the last judgement ask what a name refers to? */
  private asked = false;
  /** What must be read before that can be told. */
  private unread: Need | undefined;
  private readonly quiet = new Need(() => this.parts.conversation.quiet());
  private readonly refresh = new Need(async (knowledge) => {
    await this.parts.catalog.refresh();
    knowledge.refreshed = true;
  });

  constructor(private readonly parts: SessionParts) {}

  /** Or what must be known first. */
  judge(text: string, knowledge: Readonly<Knowledge>): Judgement | Need {
    const { namespace } = this.parts;
    return this.judgeUnder(text, namespace.path, knowledge);
  }

  /** With names as they were under this search_path. */
  private judgeUnder(text: string, path: SearchPath, knowledge: Readonly<Knowledge>): Judgement | Need {
    const { conversation } = this.parts;
    this.asked = false;
    this.unread = undefined;
    this.texts = knowledge.texts;
    let judged = this.judgeRead(text, path, this.lookup);
    if (judged instanceof Need) return judged;
    const within = pathWithin(judged, this.parts.namespace.mayRevert);
    if (within !== 'same') judged = this.judgeRead(text, within, this.lookup);
    if (judged instanceof Need) return judged;
    // What it refers to may be another thing once the target has answered.
    if (!conversation.isQuiet && (this.asked || refersBack(judged))) return this.quiet;
    if (judged.unknownRelations.length > 0 && !knowledge.refreshed) return this.refresh;
    return judged;
  }

  /** Judged again if anything changed since: policies, masking, the catalog, the hour, the transaction. */
  current({ prepared, path }: Portal, knowledge: Readonly<Knowledge>): Judgement | Need {
    if (this.stillHolds(prepared, path)) return prepared.judgement;
    const judged = this.judgeUnder(prepared.text, path, knowledge);
    if (!(judged instanceof Need)) prepared.judgement = judged;
    return judged;
  }

  /** A long text is read beside the loop before it is judged. */
  private judgeRead(text: string, path: SearchPath, lookup: JudgeRequest['lookup']): Judgement | Need {
    const { session } = this.parts;
    const request = this.request(text, path, lookup);
    if (session.mustRead(request))
      return new Need(async (knowledge) => {
        knowledge.texts.push(await session.read(text, request.namespace));
        // Names may mean something else by now.
        knowledge.asked = false;
      });
    const judged = session.judge(request);
    return this.unread ?? judged;
  }

  /** Nothing is: a message that is no statement. */
  nothing(): Judgement {
    return this.parts.session.judge(this.request('', 'unknown', noLookup));
  }

  /** What EXECUTE and FETCH run, as judged now; a cursor's names are those of when it was declared. */
  private referred(effect: SessionEffect): Judgement | undefined {
    const { conversation, namespace } = this.parts;
    this.asked = true;
    const prepared = conversation.names.referred(effect);
    if (prepared === undefined || prepared === 'pending') return undefined;
    const portal = effect.type === 'fetch' ? conversation.names.portals.find(effect.name) : undefined;
    const path = portal === undefined || portal === 'pending' ? namespace.path : portal.path;
    if (this.stillHolds(prepared, path)) return prepared.judgement;
    const judged = this.judgeRead(prepared.text, path, noLookup);
    if (judged instanceof Need) this.unread = judged;
    else prepared.judgement = judged;
    return prepared.judgement;
  }

  private request(text: string, path: SearchPath, lookup: JudgeRequest['lookup']): JudgeRequest {
    const { conversation, namespace } = this.parts;
    const inTransaction = conversation.status !== 'I';
    return { text, namespace: namespace.under(path), inTransaction, lookup, read: this.texts };
  }

  private stillHolds({ judgement }: Prepared, path: SearchPath): boolean {
    const { conversation, session, namespace } = this.parts;
    return session.stillHolds(judgement, namespace.under(path), conversation.status !== 'I');
  }
}

const noLookup = () => undefined;

/** EXECUTE and FETCH mean what the target has under that name: known only while it owes nothing. */
function refersBack({ effects }: Judgement): boolean {
  for (let i = 0; i < effects.length; i++) {
    const { type } = effects[i]!;
    if (type === 'execute' || type === 'fetch') return true;
  }
  return false;
}
