import type { ReaderLimits } from '#audit-store';

/** Of the reader that runs detectors, as services/audit/audit.module.ts has them. */
export const limits: ReaderLimits = {
  ...{ seconds: 10, memory: 1 << 30, resultRows: 10_000, resultBytes: 128 << 20, threads: 2 },
};
