import 'reflect-metadata';
import { constants, setPriority } from 'node:os';
import { isAppError } from '#kernel';
import { issuersOf, loadConfig, withDevRoles } from '#platform';
import { runAuditProcess } from './audit.process.js';

// Sessions come first. Before the engine starts its threads: they inherit it.
setPriority(constants.priority.PRIORITY_LOW);

try {
  const config = withDevRoles(loadConfig());
  await runAuditProcess({ config, issuers: issuersOf(config) });
} catch (error) {
  console.error(isAppError(error) && error.code !== 'INTERNAL' ? `weir: ${error.message}` : error);
  process.exit(1);
}
