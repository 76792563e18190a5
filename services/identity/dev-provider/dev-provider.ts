import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import {
  devClients,
  devGroups,
  devProviderPath,
  devRoles,
  planDevProvider,
  type DevRole,
  type Mount,
  type WeirConfig,
} from '#platform';
import { openDevSecrets } from './dev-secrets.file.js';
import { createProvider } from './provider.js';
import type { ProviderPlan } from './provider.plan.js';

const does: Readonly<Record<DevRole, string>> = {
  agent: 'connects and asks',
  approver: 'decides what is held',
  security: 'looks into sessions',
  auditor: 'reads sessions, asks in SQL',
  operator: 'registers connections, writes policies',
};

/**
 * What the development OpenID provider is to serve; nothing where an issuer is configured or anything listens
 * beyond loopback, and then one log line says why.
 */
export async function devProviderPlan(config: WeirConfig): Promise<ProviderPlan | undefined> {
  const plan = planDevProvider(config);
  if (!plan.start) {
    new Logger('dev-provider').log(`the development OpenID provider is not started: ${plan.why}`);
    return undefined;
  }
  const { keys, clients, cookieKey } = await openDevSecrets(config.sharedDir);
  const { issuer, audience } = plan.issuer;
  return {
    ...{ issuer, audience, keys, cookieKey },
    path: devProviderPath,
    publicUrl: config.publicUrl,
    storeFile: join(config.dataDir, 'dev-idp-store.json'),
    publicClients: devClients,
    clients: devRoles.map((role) => ({
      ...clients[role],
      role,
      group: devGroups[role],
      name: `Development ${role}`,
      does: does[role],
    })),
  };
}

/** The same as a mount for `bootHttp`. It tells the time by the system's clock: the library takes no other. */
export async function openDevProvider(config: WeirConfig): Promise<Mount | undefined> {
  const plan = await devProviderPlan(config);
  return plan && { path: plan.path, handle: await createProvider(plan, logDevProvider) };
}

export function logDevProvider(error: Error): void {
  new Logger('dev-provider').error({ message: error.message, error });
}
