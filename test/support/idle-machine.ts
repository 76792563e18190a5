import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

/*
 * Loaded before a house (HouseOptions.restless): to it the processors seem idle, so shipping and ingest never rest. Tests
 * run two at a time and keep a machine busy for minutes; what they wait for is in the log's and the store's hands, and a
 * rest there (libs/platform/breath.ts) proves nothing but patience.
 */
const begun = Date.now();
const { cpus } = os;
os.cpus = () =>
  cpus().map((cpu) => ({ ...cpu, times: { user: 0, nice: 0, sys: 0, irq: 0, idle: Date.now() - begun } }));
syncBuiltinESMExports();
