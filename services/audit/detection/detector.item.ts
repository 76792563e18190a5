import { z } from 'zod';

export const detectorItem = z.object({
  id: z.string().describe('empty: the file is refused, and there is no good version of it that runs on'),
  version: z.string().describe('digest of the text, as findings have it'),
  title: z.string(),
  severity: z.string(),
  technique: z.string().describe('of MITRE ATT&CK'),
  schedule: z.string().describe('stream, hour or day'),
  file: z.string(),
  owner: z.string().describe('shipped, or house'),
  refused: z.string().describe('why the file is refused as it stands; what runs is its last good version'),
});
export type DetectorItem = z.infer<typeof detectorItem>;

/** The set that was published last: what runs. */
export const detectorList = z.object({
  enabled: z.boolean(),
  publishedAt: z.string().nullable().describe('ISO 8601, UTC; null: nothing was published yet'),
  detectors: z.array(detectorItem),
});
export type DetectorList = z.infer<typeof detectorList>;

export const detectorText = detectorItem.extend({ text: z.string(), publishedAt: z.string() });
export type DetectorText = z.infer<typeof detectorText>;

export const versionQuery = z.strictObject({
  version: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('absent: the newest'),
});

const file = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.sql$/, 'expected a plain name ending in .sql'),
  text: z.string().max(64 * 1024),
});

export const checkBody = z.strictObject({
  files: z
    .array(file)
    .min(1)
    .max(200)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'a file name is used twice'),
});
export type CheckBody = z.infer<typeof checkBody>;

/** What each file would be. */
export const checkedList = z.object({
  detectors: z.array(
    detectorItem.pick({ id: true, version: true, title: true, schedule: true, severity: true, file: true }),
  ),
});
export type CheckedList = z.infer<typeof checkedList>;
