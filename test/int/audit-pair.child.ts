// An audit service as it is started: over the log and into the store that the configuration names. Says `ready`.
//   node audit-pair.child.js <weir.yaml> <state directory> <shared directory>
import 'reflect-metadata';
import { loadConfig, runProcess } from '#platform';
import { startAudit } from '../../services/audit/audit.process.js';

const [file, dataDir, sharedDir] = process.argv.slice(2);
await runProcess(
  async () => {
    const config = loadConfig({ WEIR_CONFIG: file, WEIR_DATA: dataDir, WEIR_SHARED: sharedDir });
    const running = await startAudit({ config, issuers: [], yields: false });
    console.log('ready');
    return running;
  },
  { isChild: true },
);
