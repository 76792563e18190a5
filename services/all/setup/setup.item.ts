import { z } from 'zod';
import type { PolicyState } from '#domain';
import type { Principal } from '#kernel';
import { issuersOf, parseAddress, planDevProvider, type WeirConfig } from '#platform';
import { agentByHand, clientLine, developmentAgent, personOf, type ClientAs } from '../client-line.js';

/** Something that a house of one's own has and this one lacks. */
const missing = z.object({
  what: z.string(),
  why: z.string(),
  do: z.string().describe('what is typed stands between backticks'),
});

export const setupItem = z.object({
  postgres: z.object({ host: z.string(), port: z.number().int() }),
  connections: z.array(
    z.object({
      name: z.string(),
      protocol: z.string(),
      owner: z.string(),
      client: z.string().describe('a line for a shell'),
    }),
  ),
  clientAs: z.enum(['agent', 'caller']).describe('whose token the lines take'),
  policies: z.object({
    count: z.number().int().describe('files of the set that is in force'),
    owner: z.string(),
    version: z.string(),
  }),
  masking: z.object({
    rules: z.number().int(),
    owner: z.string().describe('`shipped` where no masking.yaml is configured'),
  }),
  providers: z.number().int().describe('by which people sign in'),
  webhooks: z.number().int(),
  missing: z.array(missing),
});

export type SetupItem = z.infer<typeof setupItem>;
type Missing = z.infer<typeof missing>;

/** What is set up, as anyone who has signed in may know it: no address of a target, no group, no rule. */
export function setupOf(state: PolicyState, config: WeirConfig, caller: Principal): SetupItem {
  const postgres = addressFor(config);
  const as = clientOf(config, caller);
  const setup = {
    postgres,
    connections: [...state.connections.values()].map(({ connection: { name, protocol, owner } }) => ({
      ...{ name, protocol, owner },
      client: clientLine(name, postgres, as),
    })),
    clientAs: as.who,
    policies: {
      count: state.policies?.files.length ?? 0,
      owner: state.policies?.owner ?? 'file',
      version: state.policies?.version ?? '',
    },
    masking: { rules: ruleCount(state.masking?.rulesJson), owner: maskingOwner(state, config) },
    providers: issuersOf(config).filter(({ signIn }) => signIn).length + config.identity.saml.length,
    webhooks: config.webhooks.length,
  };
  return { ...setup, missing: missingOf(setup, config) };
}

/** Whoever listens on every address is reached by the name that people reach the pages by. */
function addressFor({ listen, publicUrl }: WeirConfig): SetupItem['postgres'] {
  const { host, port } = parseAddress(listen.postgres);
  return { host: ['0.0.0.0', '::'].includes(host) ? new URL(publicUrl).hostname : host, port };
}

/** As shipped, policies permit people nothing: what works with the development provider is the agent's line. */
function clientOf(config: WeirConfig, caller: Principal): ClientAs {
  if (planDevProvider(config).start) return developmentAgent;
  return caller.kind === 'agent' ? agentByHand : personOf(caller);
}

/** Files own what the API does not; without a file it is what we ship. */
function maskingOwner({ masking }: PolicyState, config: WeirConfig): string {
  const owner = masking?.owner ?? 'file';
  return owner === 'file' && config.masking === undefined ? 'shipped' : owner;
}

function ruleCount(rulesJson: string | undefined): number {
  if (rulesJson === undefined) return 0;
  const { rules } = JSON.parse(rulesJson) as { rules?: readonly unknown[] };
  return rules?.length ?? 0;
}

function missingOf(setup: Omit<SetupItem, 'missing'>, config: WeirConfig): Missing[] {
  const { approver } = config.identity.roles;
  const checks: readonly [boolean, Missing][] = [
    [setup.connections.length === 0, noConnection],
    [setup.policies.count === 0, noPolicies],
    [setup.masking.rules === 0, noMasking],
    [planDevProvider(config).start, developmentOnly],
    [setup.providers === 0, noSignIn],
    [approver.length === 0, noApprovers],
    [setup.webhooks === 0, noWebhook],
  ];
  return checks.filter(([isMissing]) => isMissing).map(([, item]) => item);
}

const noConnection: Missing = {
  what: 'a connection',
  why: 'agents have no database to reach',
  do: '`./weir connections add NAME --host …`, or `connections` in `weir.yaml`',
};
const noPolicies: Missing = {
  what: 'policies',
  why: 'without one everything is refused',
  do: 'write `*.cedar` files (docs/policies.md), then `./weir policy publish`',
};
const noMasking: Missing = {
  what: 'masking rules',
  why: 'only what classifiers recognize is masked',
  do: '`./weir classify NAME --out masking.yaml` drafts them',
};
const developmentOnly: Missing = {
  what: 'your identity provider',
  why: 'the development provider signs in anyone on this machine, in any role',
  do: '`identity.oidc` in `weir.yaml` (docs/identity.md)',
};
const noSignIn: Missing = {
  what: 'sign-in to these pages',
  why: 'no provider is configured for it: people need a bearer token',
  do: '`identity.oidc[].signIn` or `identity.saml` in `weir.yaml` (docs/identity.md)',
};
const noApprovers: Missing = {
  what: 'approvers',
  why: 'no group has the role: what is held expires',
  do: '`identity.roles.approver` in `weir.yaml`',
};
const noWebhook: Missing = {
  what: 'a webhook',
  why: 'nobody is told that something waits: approvers have to look',
  do: '`webhooks` in `weir.yaml` (docs/webhooks.md)',
};
