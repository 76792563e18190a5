import { Logger } from '@nestjs/common';
import {
  devGroups,
  devProviderPath,
  devRoles,
  planDevProvider,
  type Mount,
  type WeirConfig,
} from '#platform';
import { openDevSecrets } from './dev-secrets.file.js';
import { createProvider, type ProviderPlan } from './provider.js';

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
  const { keys, clients } = await openDevSecrets(config.dataDir);
  const { issuer, audience } = plan.issuer;
  return {
    issuer,
    audience,
    path: devProviderPath,
    keys,
    clients: devRoles.map((role) => ({
      ...clients[role],
      group: devGroups[role],
      name: `Development ${role}`,
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
