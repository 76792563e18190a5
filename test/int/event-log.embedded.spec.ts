import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { afterAll, beforeAll } from 'vitest';
import { eventLogContract, type LogUnderTest } from '../../libs/event-log/contract.js';
import { compileChild } from '../support/log-writer.build.js';
import { TalkingChild } from '../support/log-writer.spawn.js';

let child: ReturnType<typeof compileChild>;
beforeAll(() => {
  child = compileChild('test/support/log-writer.child.ts');
});
afterAll(() => rm(child.directory, { recursive: true, force: true }));

const quiet = () => {}; // handlers fail on purpose here

async function openUnderTest(): Promise<LogUnderTest> {
  const path = await mkdtemp(join(tmpdir(), 'weir-log-'));
  const opened: EventLog[] = [];
  const open = () => {
    const log = openEmbeddedLog({ path, onHandlerFailure: quiet });
    opened.push(log);
    return log;
  };
  return {
    log: open(),
    reopen: async () => open(),
    spawnWriter: (writer) => new TalkingChild(child.path, [path, writer]),
    dispose: async () => {
      await Promise.all(opened.map((log) => log.close()));
      await rm(path, { recursive: true, force: true });
    },
  };
}

eventLogContract('embedded', openUnderTest);
