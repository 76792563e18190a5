import { z } from 'zod';

/** What detectors are told of this house, and where its own are. */
export const detection = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** A folder of *.sql beside the shipped ones. */
    detectors: z.string().optional(),
    calendar: z
      .strictObject({
        /** IANA, as `Europe/Berlin`. */
        timezone: z.string().refine(isTimezone, 'expected a time zone such as Europe/Berlin').default('UTC'),
        /** Full hours of the day: from the first, until the second begins. */
        hours: z
          .string()
          .regex(/^([01]?\d|2[0-4])-([01]?\d|2[0-4])$/, 'expected full hours such as 7-19')
          .default('7-19'),
        /** 1: Monday. */
        weekdays: z.array(z.number().int().min(1).max(7)).default([1, 2, 3, 4, 5]),
        holidays: z.array(z.iso.date()).default([]),
      })
      .prefault({}),
    /** What counts as a deployment: what the client names (`ref=`), or of that only what somebody published. */
    changes: z.enum(['client', 'published']).default('client'),
    /** `schema.table` or `schema.table.column`: nobody has a reason to read them. */
    honeytokens: z
      .array(z.string().regex(/^[^.]+\.[^.]+(\.[^.]+)?$/, 'expected schema.table or schema.table.column'))
      .default([]),
  })
  .prefault({});

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '' && /^[\w/+-]+$/.test(name);
  } catch {
    return false;
  }
}
