import { roles } from '#kernel';
import { isLoopbackHost } from '#wire';
import { parseAddress } from './address.js';
import type { OidcIssuerConfig, WeirConfig } from './config.schema.js';

/** Who the development provider knows, and the group that each is in. */
export const devGroups = {
  agent: 'agents',
  approver: 'approvers',
  security: 'security',
  auditor: 'auditors',
  operator: 'operators',
} as const;
export type DevRole = keyof typeof devGroups;
export const devRoles = Object.keys(devGroups) as readonly DevRole[];

/** Its public clients, for people: those of pages and of `weir login`. */
export const devClients = { pages: 'weir-pages', cli: 'weir-cli' } as const;

/** Whether the development provider runs, and if not, why. */
export type DevProviderPlan =
  | { readonly start: true; readonly issuer: OidcIssuerConfig }
  | { readonly start: false; readonly why: string };

/** Where it is mounted in the gate's own HTTP listener. */
export const devProviderPath = '/dev-idp';

/**
 * Anyone who can read its file is anyone: so it runs only where no issuer is configured and nothing but this
 * machine can reach us.
 */
export function planDevProvider(config: WeirConfig): DevProviderPlan {
  if (config.identity.oidc.length > 0) return { start: false, why: 'identity.oidc configures an issuer' };
  if (config.identity.saml.length > 0) return { start: false, why: 'identity.saml configures a provider' };
  if (config.identity.trustedProxies.length > 0)
    return {
      start: false,
      why: 'identity.trustedProxies names a proxy, through which others could reach it',
    };
  for (const [name, address] of Object.entries(config.listen))
    if (address !== 'off' && !isLoopbackHost(parseAddress(address).host))
      return { start: false, why: `listen.${name} is ${address}, which is not loopback` };
  if (!isLoopbackHost(new URL(config.publicUrl).hostname))
    return { start: false, why: `publicUrl is ${config.publicUrl}, which is not loopback` };
  return { start: true, issuer: devIssuer(config) };
}

/** The issuers whose tokens this configuration takes: its own, or the development provider. */
export function issuersOf(config: WeirConfig): readonly OidcIssuerConfig[] {
  const plan = planDevProvider(config);
  return plan.start ? [plan.issuer] : config.identity.oidc;
}

/** The configuration with the development groups in each role that maps to none, while that provider runs. */
export function withDevRoles(config: WeirConfig): WeirConfig {
  if (!planDevProvider(config).start) return config;
  const given = config.identity.roles;
  const groups = roles.map(
    (role) => [role, given[role].length > 0 ? given[role] : [devGroups[role]]] as const,
  );
  return { ...config, identity: { ...config.identity, roles: { ...given, ...Object.fromEntries(groups) } } };
}

function devIssuer(config: WeirConfig): OidcIssuerConfig {
  return {
    name: 'dev',
    issuer: `${config.publicUrl}${devProviderPath}`,
    audience: 'weir',
    subjectClaim: 'sub',
    groupsClaim: 'groups',
    agents: ['agents'],
    algorithms: ['ES256'],
    clockSkew: 30,
    signIn: {
      clientId: devClients.pages,
      cliClientId: devClients.cli,
      scopes: ['openid', 'profile', 'offline_access'],
      label: 'Development provider',
    },
  };
}
