import 'reflect-metadata';
import { constants, setPriority } from 'node:os';
import { isAppError } from '#kernel';
import { issuersOf, loadConfig, logAsJson, withDevRoles } from '#platform';
import { runAuditProcess } from './audit.process.js';

// Sessions come first. Before the engine starts its threads: they inherit it.
setPriority(constants.priority.PRIORITY_LOW);

logAsJson();
try {
  const config = withDevRoles(loadConfig());
  await runAuditProcess({ config, issuers: issuersOf(config) });
} catch (error) {
  if (isAppError(error) && error.code !== 'INTERNAL') process.stderr.write(`weir: ${error.message}\n`);
  else console.error(error);
  process.exit(1);
}
