import type { Principal } from '#kernel';
import { identityKey, type ConnectionRef } from '#policy-engine';
import { Judge, type Grounded, type JudgeOptions } from './judge.js';
import { JudgementCache } from './judgement-cache.js';

/** What is kept of judged texts, in bytes, for all sessions of this process. */
const cacheBytes = 64 * 1024 * 1024;
/** Judges kept beyond their sessions: a pool that connects anew finds its texts judged. */
const mostJudges = 1024;

/** One judge for all sessions of a principal, with its groups, on a connection. */
export class Judges {
  private readonly cache = new JudgementCache<Grounded>(cacheBytes);
  /** The oldest first. */
  private readonly judges = new Map<string, Judge>();

  constructor(private readonly options: Omit<JudgeOptions, 'principal' | 'connection' | 'cache'>) {}

  of(principal: Principal, connection: ConnectionRef): Judge {
    const key = identityKey(principal, connection);
    const judge =
      this.judges.get(key) ?? new Judge({ ...this.options, principal, connection, cache: this.cache });
    this.judges.delete(key);
    this.judges.set(key, judge);
    for (const oldest of this.judges.keys()) {
      if (this.judges.size <= mostJudges) break;
      this.judges.delete(oldest);
    }
    return judge;
  }
}
