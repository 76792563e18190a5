import { setFlagsFromString } from 'node:v8';
import {
  checkParsePolicySet,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  statefulIsAuthorized,
  validate as cedarValidate,
  type CedarValueJson,
  type DetailedError,
  type EntityJson,
  type PolicyJson,
  type TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs';
import { schema } from './schema.js';

// Cedar's functions return a reference. Where V8 has inlined such a call and its caller is deoptimized before the
// call returns, the process ends: "unreachable code" in Deoptimizer::DoComputeBuiltinContinuation. Measured on Node
// 20.20: a hundred thousand cached decisions, then a new one, and the gate is gone. Later V8s have the flag too.
if (Number.parseInt(process.versions.v8, 10) <= 13) setFlagsFromString('--no-turbo-inline-js-wasm-calls');

export type { CedarValueJson, DetailedError, EntityJson, PolicyJson, TypeAndId };

/** Policy texts by id. Cedar takes an id from here only: `@id` means nothing to it. */
export type PolicyTexts = ReadonlyMap<string, string>;

export interface Question {
  readonly principal: TypeAndId;
  readonly action: TypeAndId;
  readonly resource: TypeAndId;
  readonly context: Record<string, CedarValueJson>;
  readonly entities: EntityJson[];
}

/** `reason`: the ids that determined it. No reason and `deny`: nothing permits it. */
export interface Answer {
  readonly decision: 'allow' | 'deny';
  readonly reason: readonly string[];
  /** Ids of policies that could not be evaluated, or `['*']` if none could. Cedar itself would skip these. */
  readonly errors: readonly string[];
}

/** Undefined if the text parses as policies without templates. */
export function parseErrors(text: string): readonly DetailedError[] | undefined {
  const answer = checkParsePolicySet({ staticPolicies: text });
  return answer.type === 'success' ? undefined : answer.errors;
}

/** How many policies and templates Cedar finds in a text. */
export function countPolicies(text: string): { policies: number; templates: number } {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') return { policies: 0, templates: 0 };
  return { policies: parts.policies.length, templates: parts.policy_templates.length };
}

export function toJson(text: string): PolicyJson | undefined {
  const answer = policyToJson(text);
  return answer.type === 'success' ? answer.json : undefined;
}

export interface Finding {
  readonly policyId: string;
  readonly severity: 'error' | 'warning';
  readonly error: DetailedError;
}

/** Strict validation against Weirkeeper's schema. Places are UTF-8 bytes within the policy's own text. */
export function validate(texts: PolicyTexts): Finding[] {
  const answer = cedarValidate({ schema, policies: { staticPolicies: Object.fromEntries(texts) } });
  if (answer.type === 'failure') {
    return answer.errors.map((error) => ({ policyId: '', severity: 'error', error }));
  }
  return [
    ...answer.validationErrors.map((found) => ({ ...found, severity: 'error' as const })),
    ...answer.validationWarnings.map((found) => ({ ...found, severity: 'warning' as const })),
  ];
}

/**
 * A policy set, parsed once and kept in the WebAssembly instance of this thread. That memory cannot be freed,
 * but a name can be parsed into again: so the names of collected sets are used again.
 */
export class CedarSet {
  readonly #name: string;

  constructor(texts: PolicyTexts) {
    this.#name = freeNames.pop() ?? `weir-${named++}`;
    const answer = preparsePolicySet(this.#name, { staticPolicies: Object.fromEntries(texts) });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
    collected.register(this, this.#name);
  }

  /** Never throws: what cannot be evaluated is an answer with errors. */
  ask(question: Question): Answer {
    try {
      const answer = statefulIsAuthorized({ ...question, preparsedPolicySetId: this.#name });
      if (answer.type === 'failure') return unevaluated;
      const { decision, diagnostics } = answer.response;
      return { decision, reason: diagnostics.reason, errors: diagnostics.errors.map((e) => e.policyId) };
    } catch {
      return unevaluated;
    }
  }
}

const unevaluated: Answer = { decision: 'deny', reason: [], errors: ['*'] };
const freeNames: string[] = [];
const collected = new FinalizationRegistry<string>((name) => freeNames.push(name));
let named = 0;
