// What every adapter of the event log must do, as a suite that each one runs. It imports vitest: never from index.
import { afterEach, beforeEach, describe } from 'vitest';
import { appendContract } from './contract/append.contract.js';
import { closeContract } from './contract/close.contract.js';
import { crashContract } from './contract/crash.contract.js';
import type { LogUnderTest } from './contract/subject.js';
import { shareContract } from './contract/share.contract.js';
import { tailContract } from './contract/tail.contract.js';
import { workContract } from './contract/work.contract.js';

export type { LogUnderTest, WriterProcess } from './contract/subject.js';

/** `open` gives an empty log to each test. Order is asked for per key only: an adapter may have partitions. */
export function eventLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`the event log contract: ${name}`, () => {
    let subject: LogUnderTest;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(() => subject.dispose());

    const opened = () => subject;
    appendContract(opened);
    tailContract(opened);
    workContract(opened);
    shareContract(opened);
    closeContract(opened);
    crashContract(opened);
  });
}
