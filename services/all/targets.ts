import { fileURLToPath } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';
import { expectPolicies, type Mount, type WeirConfig } from '#platform';
import { loadStatementParser } from '#statement';
import { apiDocumentMount } from './api/api.files.js';
import { readConsoleFiles } from './console.files.js';
import { consoleMount } from './console.mount.js';
import { expectProofKey } from './expect.proof-key.js';
import { startDevProvider } from './dev-provider.thread.js';

export type ServiceModule = Type | DynamicModule;

/** A service that runs in a process of its own, or beside others. */
export interface Target {
  /** The keys of the configuration whose `env:NAME` and `file:PATH` it can't start without. */
  readonly references?: readonly (keyof WeirConfig)[];
  /** What else must hold of the configuration before anything starts. Throws CONFIG_INVALID. */
  readonly expect?: (config: WeirConfig, env: NodeJS.ProcessEnv) => void;
  /** Loaded when it starts: no process loads what it does not serve. */
  readonly modules: (config: WeirConfig) => Promise<readonly ServiceModule[]>;
  /** What it serves beside its controllers. */
  readonly mounts?: (config: WeirConfig) => Promise<readonly Mount[]>;
}

const consoleFolder = fileURLToPath(new URL('../console', import.meta.url));
/** What controllers serve. */
const notPages = ['/api', '/healthz', '/readyz', '/metrics'];

/**
 * What `--target` names, each with its modules; all of them are the house. People are told of approvals where those are
 * folded; what is set up is told where policies and connections are.
 */
export const targets = {
  identity: {
    references: ['identity'],
    modules: async () => [(await import('../identity/index.js')).IdentityModule],
    mounts: async (config) => [
      ...(await startDevProvider(config)),
      apiDocumentMount(),
      consoleMount(readConsoleFiles(consoleFolder), notPages),
    ],
  },
  policy: {
    expect: expectPolicies,
    modules: async () => {
      const [policy, setup, demo] = await Promise.all([
        import('../policy/index.js'),
        import('./setup/setup.module.js'),
        import('./demo/demo.module.js'),
        loadStatementParser(),
      ]);
      return [policy.PolicyModule, setup.SetupModule, demo.DemoModule];
    },
  },
  proxy: {
    modules: async ({ proxy: { workers } }) => {
      const [{ ProxyModule }] = await Promise.all([import('../proxy/index.js'), loadStatementParser()]);
      return [ProxyModule.forRoot(workers)];
    },
  },
  approval: {
    references: ['webhooks'],
    modules: async () => [
      (await import('../approval/index.js')).ApprovalModule,
      (await import('../notify/index.js')).NotifyModule,
    ],
  },
  audit: {
    references: ['audit', 'auditStore'],
    expect: expectProofKey,
    modules: async () => [(await import('../audit/index.js')).AuditModule],
  },
} as const satisfies Readonly<Record<string, Target>>;

export type TargetName = keyof typeof targets;
export const targetNames = Object.keys(targets) as readonly TargetName[];
