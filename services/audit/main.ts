import 'reflect-metadata';
import { constants, setPriority } from 'node:os';
import { issuersOf, loadConfig, logAsJson, runProcess, withDevRoles } from '#platform';
import { startAudit } from './audit.process.js';

// Sessions come first. Before the engine starts its threads: they inherit it.
setPriority(constants.priority.PRIORITY_LOW);

logAsJson();
await runProcess(
  async () => {
    const config = withDevRoles(loadConfig());
    return startAudit({ config, issuers: issuersOf(config), yields: true });
  },
  { isChild: true },
);
