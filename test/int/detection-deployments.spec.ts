import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEnvelope, newEvent, PoliciesPublishedSchema, topics, type EncodedEnvelope } from '#events';
import { ManualClock } from '#kernel';
import { detectDay } from '../../services/audit/detection/detect.js';
import type { Changes } from '../../services/audit/detection/detection.settings.js';
import { loadDetectors, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { sessionOf, type Ran } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const day = 24 * 60 * minute;
/** A Wednesday. */
const midnight = Date.UTC(2026, 9, 14);
const at = (hours: number, minutes = 0, back = 0) => midnight - back * day + (hours * 60 + minutes) * minute;

const own = ['agent-changed', 'enumeration', 'first-use', 'slow-drip'];
const known = 'bot/1.4 image=sha256:aaaa ref=CHG-1';

let sessions = 0;
function session(name: string, statements: readonly Ran[], program = known): EncodedEnvelope[] {
  const id = `ses_${String(++sessions).padStart(6, '0')}`;
  return sessionOf({ id, identity: `corp:${name}`, program }, statements);
}

const lookups = (count: number, begin: number, own: Partial<Ran> = {}, every = 10_000): Ran[] =>
  Array.from({ length: count }, (_, i) => ({
    at: begin + i * every,
    text: `select * from customers where id = ${i}`,
    ...own,
  }));

/** Somebody becomes another agent, asks for one customer after another, and reads a table that it never read. */
const theft = (name: string, reference: string) => [
  ...session(name, [{ at: at(10, 1) }], `bot/1.5 image=sha256:bbbb ref=${reference}`),
  ...session(name, lookups(40, at(10, 5))),
  ...session(name, [{ at: at(10, 30), table: 'salaries', rows: 300 }]),
];

const manyPrograms = Array.from({ length: 40 }, (_, i) => `tool-${i}/1.0`);

/** Each with a past of its own. */
const today: Readonly<Record<string, () => EncodedEnvelope[]>> = {
  quiet: () => [],
  claims: () => theft('claims', 'CHG-99'),
  published: () => theft('published', 'CHG-7'),
  named: () => theft('named', 'CHG-8'),
  like: () => theft('like', 'CHG-70'),
  word: () => theft('word', 'runner'),
  signal: () => theft('signal', 'SIG-1'),
  later: () => theft('later', 'CHG-55'),
  old: () => theft('old', 'CHG-44'),
  image: () => session('image', [{ at: at(10, 1) }], 'bot/1.5 image=sha256:bbbb ref=CHG-1'),
  // However many programs it was before.
  many: () => [
    ...manyPrograms.flatMap((each, i) => session('many', [{ at: at(9, i, 5) }], each)),
    ...[manyPrograms[0], manyPrograms.at(-1)].flatMap((each, i) =>
      session('many', [{ at: at(9, i) }], `${each} image=sha256:f${i} ref=CHG-1`),
    ),
  ],
  approved: () => session('approved', [{ at: at(10, 1) }], 'bot/1.5 image=sha256:c0c0 ref=CHG-1'),
  // One look with the query, evenings before.
  warm: () => [...session('warm', lookups(1, at(20, 0, 2))), ...session('warm', lookups(40, at(10, 5)))],
  // One larger read among small ones.
  large: () => [
    ...session('large', lookups(100, at(10, 5))),
    ...session('large', lookups(1, at(10, 40), { rows: 5000 })),
  ],
  // Pages of a batch are no single values.
  batch: () => session('batch', lookups(100, at(10, 5), { rows: 3000 })),
  drip: () => [
    ...[0, 1, 2, 3, 4].flatMap((back) => session('drip', lookups(20, at(10, 5, back)))),
    ...session('drip', lookups(1, at(10, 40, 2), { rows: 5000 })),
  ],
  // One day at which far more was taken than on those after it; no two of them in quick succession.
  busy: () => [
    ...session('busy', lookups(500, at(8, 0, 4), {}, minute / 2)),
    ...[0, 1, 2, 3].flatMap((back) => session('busy', lookups(25, at(10, 5, back), {}, minute / 2))),
  ],
  // It came to an end.
  over: () => [1, 2, 3, 4].flatMap((back) => session('over', lookups(25, at(10, 5, back), {}, minute / 2))),
};

function publication(changeReference: string, when: number, by = 'corp:ops'): EncodedEnvelope {
  const origin = { source: 'policy/1', subject: 'policies', clock: new ManualClock(when) };
  return encodeEnvelope(
    newEvent(
      PoliciesPublishedSchema,
      {
        version: `v${when}`,
        owner: 'file',
        changeReference,
        ...(by !== '' && { by: { id: by, kind: 'person' } }),
      },
      origin,
    ),
  );
}

describe('what was deployed', { timeout: 120_000 }, () => {
  let stage: DetectionStage;
  beforeAll(async () => {
    stage = await DetectionStage.start(at(11));
    const past = Object.keys(today).flatMap((name) =>
      Array.from({ length: 20 }, (_, i) => session(name, [{ at: at(10, 0, i + 1), rows: 20 }])),
    );
    await stage.append([...past, ...Object.values(today).flatMap((events) => events())].flat());
    await stage.append(
      [
        publication('lookups by agents (CHG-7): reviewed.', at(9)),
        publication('PR 12: corp:named gets a new runner', at(9, 1)),
        publication('SIG-1', at(9, 2), ''),
        publication('CHG-44', at(9, 3, 8)),
        publication('CHG-55', at(10, 20)),
        publication('rollout of sha256:c0c0', at(8)),
      ],
      topics.policy,
    );
    const engine = stage.engine([]);
    while ((await engine.round()) > 0);
  }, 120_000);
  afterAll(() => stage.stop());

  /** `identity: detector subject`, of this day. */
  async function found(changes: Changes): Promise<Record<string, string[]>> {
    const settings = { ...stage.settings, changes };
    const { detectors, refused } = await loadDetectors(stage.reader, [shippedDetectors()], settings);
    expect([...refused.values()]).toEqual([]);
    const mine = detectors.filter(({ id }) => own.includes(id));
    const range = { from: midnight, to: midnight + day };
    const all = await detectDay(stage, mine, range, settings, (_, error) => {
      throw error;
    });
    const names = [...new Set(all.map(({ row }) => row.identity.slice('corp:'.length)))].sort();
    return Object.fromEntries(
      names.map((name) => [
        name,
        all
          .filter(({ row }) => row.identity === `corp:${name}`)
          .map(({ detector, row }) => `${detector.id} ${row.subject}`)
          .sort(),
      ]),
    );
  }

  /** What does not depend on what was deployed. */
  const always = {
    busy: ['slow-drip public.customers'],
    drip: ['slow-drip public.customers'],
    image: ['agent-changed sha256:bbbb'],
    large: ['enumeration public.customers'],
    many: ['agent-changed sha256:f0', 'agent-changed sha256:f1'],
    warm: ['enumeration public.customers'],
  };

  it('is, by the word of a client, whatever names a reference that is new', async () => {
    expect(await found('client')).toEqual(always);
  });

  it('is, by the word of whoever publishes, what was published before it, under its own name', async () => {
    const asFor = (reference: string) => [
      `agent-changed ${reference}`,
      'enumeration public.customers',
      'first-use public.salaries',
    ];
    expect(await found('published')).toEqual({
      ...always,
      claims: asFor('CHG-99'),
      later: asFor('CHG-55'),
      like: asFor('CHG-70'),
      old: asFor('CHG-44'),
      signal: asFor('SIG-1'),
      word: asFor('runner'),
    });
  });

  it('stands in a view, with who published it beside', async () => {
    expect(
      await stage.rows(
        `SELECT identity, reference, image, published FROM weir.deployments
         WHERE at >= '2026-10-14' AND identity IN ('corp:claims', 'corp:published', 'corp:image') ORDER BY identity`,
      ),
    ).toEqual([
      { identity: 'corp:claims', reference: 'CHG-99', image: '', published: 0 },
      { identity: 'corp:published', reference: 'CHG-7', image: '', published: 1 },
    ]);
    expect(await stage.rows('SELECT word FROM weir.published_words ORDER BY word')).toEqual(
      ['12', 'CHG-44', 'CHG-55', 'CHG-7', 'corp:named', 'sha256:c0c0'].map((word) => ({ word })),
    );
  });
});
