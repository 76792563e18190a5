import { z } from 'zod';
import { historySize } from './history.text.js';

/** What is no number (a share of nothing) comes as null. */
const maybe = z.number().nullable();
const share = z.object({ of: z.number(), value: maybe, low: z.number(), high: z.number() });
const rate = z.object({ count: z.number(), value: z.number(), low: z.number(), high: z.number() });
const delay = z.object({ median: maybe, p95: maybe });

const overall = z.object({
  ...{ severity: z.string(), findings: z.number(), alarms: z.number(), falseAlarms: rate },
  ...{ recall: share, plain: share, stealthy: share, precisionHere: share, foundAfter: delay },
  precisionAt: z.array(z.object({ prevalence: z.number(), value: maybe })),
});

const kind = z.object({
  ...{ kind: z.string(), form: z.string(), recall: share, foundAfter: delay },
  byMagnitude: z.array(z.object({ from: z.number(), to: z.number(), recall: share })),
});

const detector = z.object({
  ...{ detector: z.string(), findings: z.number(), falseFindings: z.number(), falseAlarms: rate },
  ...{ recall: share, alone: z.number(), foundAfter: delay },
});

const finding = z.looseObject({
  ...{ detector: z.string(), severity: z.string(), identity: z.string(), connection: z.string() },
  ...{ subject: z.string(), evidence: z.string(), windowStart: z.number(), windowEnd: z.number() },
  incidents: z.array(z.string()),
});

/** What a look back over a history came to. Times: milliseconds since the epoch; delays: milliseconds. */
export const scoreAnswer = z.object({
  store: z.string(),
  history: historySize,
  measuredFrom: z.number(),
  learnDays: z.number(),
  agentWeeks: z.number(),
  settings: z.object({
    ...{ timezone: z.string(), hours: z.array(z.number()), weekdays: z.array(z.number()) },
    ...{ holidays: z.array(z.string()), honeytokens: z.array(z.string()) },
  }),
  detectors: z.object({
    ran: z.array(z.object({ id: z.string(), severity: z.string(), schedule: z.string() })),
    refused: z.array(z.object({ file: z.string(), reason: z.string() })),
    failed: z.array(z.object({ id: z.string(), reason: z.string() })),
  }),
  findings: z.array(finding),
  alarms: rate,
  labels: z
    .object({
      ...{ file: z.string(), incidents: z.number(), early: z.number(), leftOut: z.number() },
      lines: z.array(z.object({ file: z.string(), line: z.number(), reason: z.string() })),
    })
    .optional(),
  score: z
    .object({ overall: z.array(overall), kinds: z.array(kind), detectors: z.array(detector) })
    .optional(),
});

export type ScoreAnswer = z.infer<typeof scoreAnswer>;
export type ShareOf = z.infer<typeof share>;
export type Rate = z.infer<typeof rate>;
export type Delay = z.infer<typeof delay>;
