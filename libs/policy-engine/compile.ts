import { createHash } from 'node:crypto';
import type { Principal } from '#kernel';
import { decide, revealed } from './decide.js';
import { Lru } from './lru.js';
import { parsePolicies, type Parsed } from './policy.parse.js';
import { sortPolicies, type PolicySets } from './policy.sets.js';
import { QuestionBuilder } from './request.entities.js';
import { identityKey, list, requestKey } from './request.key.js';
import type {
  ConnectionRef,
  DecisionContext,
  DecisionRequest,
  PolicyFile,
  PolicySnapshot,
  Verdict,
} from './verdict.js';

export interface CompileOptions {
  /** Verdicts, and as many sets of revealed classes, that are kept. Default 4096; 0 keeps none. */
  readonly evaluationsCacheSize?: number;
}

/** A key above this is of a statement too odd to come twice. */
const longestKey = 4096;

/**
 * Policies, checked and ready. `name` stands in messages as it is given (`policies/agents.cedar`).
 * Throws POLICY_INVALID, one line per problem: `policies/agents.cedar:12:5: what is wrong; what to do`.
 * No policies at all are valid, and permit nothing.
 */
export function compilePolicies(files: readonly PolicyFile[], options: CompileOptions = {}): PolicySnapshot {
  return new Snapshot(versionOf(files), parsePolicies(files), options.evaluationsCacheSize ?? 4096);
}

/** SHA-256 over names and texts, in the order of the names: how files were listed does not count. Hex. */
function versionOf(files: readonly PolicyFile[]): string {
  const hash = createHash('sha256');
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, text } of sorted) hash.update(list([name, text]));
  return hash.digest('hex');
}

class Snapshot implements PolicySnapshot {
  readonly contextRead: ReadonlySet<keyof DecisionContext>;
  readonly warnings: readonly string[];
  readonly cacheCounts = { hits: 0, misses: 0 };
  readonly #sets: PolicySets;
  readonly #verdicts: Lru<Verdict>;
  readonly #revealed: Lru<ReadonlySet<string>>;
  readonly #withColumns: boolean;

  constructor(
    readonly version: string,
    { policies, warnings }: Parsed,
    cacheSize: number,
  ) {
    this.warnings = warnings;
    this.#sets = sortPolicies(policies);
    this.contextRead = this.#sets.contextRead;
    this.#withColumns = this.#sets.columns.any || this.#sets.columns.named.length > 0;
    this.#verdicts = new Lru(cacheSize);
    this.#revealed = new Lru(cacheSize);
  }

  decide(request: DecisionRequest): Verdict {
    const key = requestKey(request, this.contextRead, this.#withColumns);
    const known = this.#verdicts.get(key);
    if (known) {
      this.cacheCounts.hits++;
      return known;
    }
    this.cacheCounts.misses++;
    const verdict: Verdict = { ...decide(request, this.#sets), snapshot: this.version };
    if (key.length <= longestKey) this.#verdicts.set(key, verdict);
    return verdict;
  }

  reveals(principal: Principal, connection: ConnectionRef, classes: readonly string[]): ReadonlySet<string> {
    const { reveal, attributesRead } = this.#sets;
    if (!reveal) return nothing;
    const key = identityKey(principal, connection) + list(classes);
    const known = this.#revealed.get(key);
    if (known) return known;
    const reads = { context: this.contextRead, attributes: attributesRead };
    const questions = new QuestionBuilder(principal, connection, undefined, reads);
    const clear = new Set(classes.filter((dataClass) => revealed(reveal, questions, dataClass)));
    this.#revealed.set(key, clear);
    return clear;
  }
}

const nothing: ReadonlySet<string> = new Set();
