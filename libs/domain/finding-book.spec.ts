import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Envelope } from '#events';
import type { LoggedEvent } from '#event-log';
import { FindingBook } from './finding-book.js';
import {
  bot,
  hour,
  lifted,
  logged,
  noon,
  quarantined,
  raised,
  ruled,
  triaged,
  under,
} from './finding.specimen.js';

const onError = vi.fn();
const day = 24 * hour;

function bookOf(...envelopes: readonly Envelope[]): FindingBook {
  const book = new FindingBook(onError);
  for (const envelope of envelopes) book.apply(logged(envelope));
  return book;
}

const stateOf = (book: FindingBook, id: string) => book.get(bot, id)?.state;
const levelOf = (book: FindingBook) => book.quarantineOf(bot)?.level;

describe('risk', () => {
  it('is none of whom nothing was found', () => {
    expect(bookOf(raised('a')).riskOf('corp:other', noon)).toBe('none');
  });

  it('is what the worst finding says, until that says', () => {
    const book = bookOf(raised('a', { risk: 'high', risky: 2 }), raised('b', { risk: 'watch', risky: 8 }));
    const at = [0, 1.99, 2, 7.99, 8].map((hours) => book.riskOf(bot, noon + hours * hour));
    expect(at).toEqual(['high', 'high', 'watch', 'watch', 'none']);
  });

  it('is none of a finding that sets none, and the worst of one that is not understood', () => {
    expect(bookOf(raised('a', { risk: 'none' })).riskOf(bot, noon)).toBe('none');
    expect(bookOf(raised('a', { risk: '' })).riskOf(bot, noon)).toBe('none');
    expect(bookOf(raised('a', { risk: 'grave' })).riskOf(bot, noon)).toBe('high');
  });

  it('ends with a false alarm, comes back when that is taken back, and stays with what was only seen', () => {
    const book = bookOf(raised('a'));
    const after = ['acknowledged', 'false_alarm', 'open'].map((state) => {
      book.apply(logged(triaged('a', state)));
      return [stateOf(book, 'a'), book.riskOf(bot, noon)];
    });
    expect(after).toEqual([
      ['acknowledged', 'high'],
      ['false_alarm', 'none'],
      ['open', 'high'],
    ]);
  });

  it('of a false alarm leaves that of the others', () => {
    const book = bookOf(raised('a'), raised('b', { risk: 'watch' }), triaged('a', 'false_alarm'));
    expect(book.riskOf(bot, noon)).toBe('watch');
  });

  it('is the worse one of an agent and of the person in whose name it acts', () => {
    const book = bookOf(raised('a', { identity: 'corp:ana', risk: 'high' }), raised('b', { risk: 'watch' }));
    const risk = (id: string, onBehalfOf?: string) =>
      book.standingOf({ id, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) }, noon).risk;
    expect([risk(bot), risk(bot, 'corp:ana'), risk(bot, 'corp:eve')]).toEqual(['watch', 'high', 'watch']);
    expect([risk('corp:x', bot), risk('corp:x', 'corp:eve')]).toEqual(['watch', 'none']);
  });
});

describe('a finding', () => {
  it('is the first of its id', () => {
    const book = bookOf(raised('a', { title: 'first', risk: 'watch' }), raised('a', { title: 'second' }));
    expect([book.get(bot, 'a')?.title, book.riskOf(bot, noon)]).toEqual(['first', 'watch']);
  });

  it('raised again is not raised again: a false alarm stays one', () => {
    const book = bookOf(raised('a'), triaged('a', 'false_alarm'), raised('a'));
    expect(book.riskOf(bot, noon)).toBe('none');
  });

  it('under the key of another says nothing, nor does a triage there', () => {
    expect(bookOf(under('corp:other', raised('a'))).riskOf(bot, noon)).toBe('none');
    const book = bookOf(raised('a'), under('corp:other', triaged('a', 'false_alarm')));
    expect(book.riskOf(bot, noon)).toBe('high');
  });

  it('may be about nobody', () => {
    const book = bookOf(raised('a', { identity: '', quarantine: 'blocked' }));
    expect(book.get('', 'a')).toMatchObject({ identity: '' });
    expect(book.quarantines()).toEqual([]);
  });

  it('is triaged by somebody, into a state that there is, and once for each event', () => {
    const nobody = { ...triaged('a', 'false_alarm'), data: new Uint8Array() };
    expect(stateOf(bookOf(raised('a'), nobody, triaged('a', 'forgiven')), 'a')).toBe('open');
    const once = triaged('a', 'false_alarm', bot, 'evt_1');
    expect(stateOf(bookOf(raised('a'), once, triaged('a', 'open'), once), 'a')).toBe('open');
  });
});

describe('a quarantine', () => {
  it('stands from its event until it is lifted, and makes the risk watch at least', () => {
    const book = bookOf(quarantined('approve'));
    expect(book.quarantineOf(bot)).toMatchObject({ level: 'approve', reason: 'odd', by: 'corp:sec' });
    expect([book.riskOf(bot, noon), book.riskOf('corp:other', noon)]).toEqual(['watch', 'none']);
    book.apply(logged(lifted()));
    expect([book.quarantineOf(bot), book.riskOf(bot, noon)]).toEqual([undefined, 'none']);
  });

  it('of a person takes the place of what stood, milder or stricter', () => {
    expect(levelOf(bookOf(quarantined('blocked'), quarantined('watch')))).toBe('watch');
    expect(levelOf(bookOf(raised('a', { quarantine: 'blocked' }), quarantined('watch')))).toBe('watch');
  });

  it('of a rule never makes one milder', () => {
    expect(levelOf(bookOf(quarantined('approve'), raised('a', { quarantine: 'watch' })))).toBe('approve');
    expect(levelOf(bookOf(quarantined('approve'), raised('a', { quarantine: 'blocked' })))).toBe('blocked');
    expect(levelOf(bookOf(quarantined('approve'), ruled('watch', 'a')))).toBe('approve');
    const flood = Array.from({ length: 100 }, (_, i) => raised(`f${i}`, { quarantine: 'watch' }));
    expect(levelOf(bookOf(...flood, raised('a', { quarantine: 'blocked' })))).toBe('blocked');
  });

  it('of a rule ends with its finding’s false alarm, and not before that of another', () => {
    const both = [raised('a', { quarantine: 'approve' }), raised('b', { quarantine: 'blocked' })];
    expect(levelOf(bookOf(...both, triaged('a', 'false_alarm')))).toBe('blocked');
    expect(levelOf(bookOf(...both, triaged('b', 'false_alarm')))).toBe('approve');
    expect(levelOf(bookOf(...both, triaged('b', 'acknowledged')))).toBe('blocked');
    expect(levelOf(bookOf(...both, triaged('b', 'false_alarm'), triaged('b', 'open')))).toBe('approve');
  });

  it('of a rule ends with its false alarm though nothing else is known of the finding any more', () => {
    const flood = Array.from({ length: 300 }, (_, i) => raised(`f${i}`));
    const book = bookOf(raised('a', { quarantine: 'blocked', risk: 'none' }), ...flood);
    expect([book.get(bot, 'a'), levelOf(book)]).toEqual([undefined, 'blocked']);
    book.apply(logged(triaged('a', 'false_alarm')));
    expect(levelOf(book)).toBeUndefined();
  });

  it('of a person does not end with a false alarm', () => {
    expect(levelOf(bookOf(raised('a'), quarantined('blocked'), triaged('a', 'false_alarm')))).toBe('blocked');
  });

  it('is the strictest where its level is not known here', () => {
    expect(levelOf(bookOf(quarantined('exile')))).toBe('blocked');
  });

  it('is the stricter one of an agent and of the person in whose name it acts', () => {
    const book = bookOf(quarantined('watch'), quarantined('blocked', 'gone', 'corp:ana'));
    const at = (who: { id: string; onBehalfOf?: string }) => book.standingOf(who, noon).quarantine?.level;
    expect(at({ id: bot, onBehalfOf: 'corp:ana' })).toBe('blocked');
    expect([at({ id: bot }), at({ id: 'corp:x' })]).toEqual(['watch', undefined]);
  });
});

describe('incidents', () => {
  it('are findings of one identity at most six hours apart, in whatever order they came', () => {
    const at = (id: string, from: number, severity = 'low') =>
      raised(id, { from: noon + from * hour, severity });
    const all = [at('a', 0, 'medium'), at('b', 7), at('c', 14.1), at('d', 15), at('e', -9)];
    const whole = [['e'], ['a', 'b'], ['c', 'd']];
    for (const order of [all, all.toReversed()]) {
      const incidents = bookOf(...order).incidents(bot);
      expect(incidents.map(({ findings }) => findings.map(({ id }) => id))).toEqual(whole);
      expect(incidents.map(({ id, severity }) => [id, severity])).toEqual([
        ['e', 'low'],
        ['a', 'medium'],
        ['c', 'low'],
      ]);
    }
  });

  it('hold together by a long window', () => {
    const book = bookOf(
      raised('a', { from: noon }),
      raised('b', { from: noon + 20 * hour }),
      raised('c', { from: noon - day, hours: 40 }),
    );
    expect(book.incidents(bot).map(({ findings }) => findings.length)).toEqual([3]);
  });
});

describe('what is known', () => {
  /** `n` events about others, late enough for what is over to be looked for. */
  function later(book: FindingBook, at: number, n = 1_000): void {
    for (let i = 0; i < n; i++)
      book.apply(logged(raised(`x${at}-${i}`, { from: at, identity: 'corp:other' }), at));
  }

  it('is forgotten 30 days after its window, and can’t come back', () => {
    const book = bookOf(raised('a', { quarantine: 'approve' }), triaged('a', 'false_alarm'));
    later(book, noon + 31 * day);
    expect(book.get(bot, 'a')).toBeUndefined();
    book.apply(logged(raised('a', { quarantine: 'approve', risky: 100 * 24 }), noon + 31 * day));
    expect([book.get(bot, 'a'), book.quarantineOf(bot)]).toEqual([undefined, undefined]);
    expect(book.riskOf(bot, noon + 31 * day)).toBe('none');
  });

  it('keeps a quarantine and a risk for as long as they last', () => {
    const book = bookOf(quarantined('approve'), raised('a', { risky: 40 * 24 }));
    later(book, noon + 31 * day);
    expect([levelOf(book), book.riskOf(bot, noon + 31 * day)]).toEqual(['approve', 'high']);
  });

  it('of one identity is at most two hundred; no flood of small ones ends the risk of a great one', () => {
    const book = bookOf(raised('great', { risk: 'high', risky: 48 }));
    const long = 'x'.repeat(10_000);
    const small = Array.from({ length: 400 }, (_, i) => raised(`s${i}`, { risk: 'none', evidence: long }));
    const watched = Array.from({ length: 400 }, (_, i) => raised(`w${i}`, { risk: 'watch' }));
    for (const envelope of [...small, ...watched]) book.apply(logged(envelope));
    expect([...book.all()]).toHaveLength(200);
    expect(Math.max(...[...book.all()].map(({ evidence }) => evidence.length))).toBeLessThanOrEqual(500);
    expect([book.riskOf(bot, noon + 47 * hour), book.riskOf(bot, noon + 49 * hour)]).toEqual([
      'high',
      'none',
    ]);
  });
});

it('tells each change once, and whom it is about; a listener that throws is told of', () => {
  const book = new FindingBook(onError);
  const heard: string[] = [];
  book.onChange(() => {
    throw new Error('secret');
  });
  const stop = book.onChange((identity) => heard.push(identity));
  const events = [raised('a'), raised('a'), lifted(), raised('b', { identity: '' }), quarantined('watch')];
  for (const envelope of events) book.apply(logged(envelope));
  stop();
  book.apply(logged(lifted()));
  expect(heard).toEqual([bot, '', bot]);
  expect(onError).toHaveBeenCalledWith(expect.stringContaining('weir.finding.v1/0/'));
  expect(String(onError.mock.calls)).not.toContain('secret');
});

it('passes over what does not decode', () => {
  const torn = { ...raised('a'), data: Uint8Array.of(0xff) };
  expect([...bookOf(torn).all()]).toEqual([]);
});

it('is the same however the partitions of a log come in', () => {
  const identities = ['corp:a', 'corp:b', 'corp:c'];
  const step = fc.record({
    who: fc.integer({ min: 0, max: 2 }),
    what: fc.integer({ min: 0, max: 4 }),
    id: fc.integer({ min: 0, max: 3 }),
    level: fc.constantFrom('watch', 'approve', 'blocked', ''),
  });
  const eventOf = ({ who, what, id, level }: { who: number; what: number; id: number; level: string }) => {
    const identity = identities[who]!;
    const findingId = `${identity}-${id}`;
    const made = [
      raised(findingId, { identity, quarantine: level, risk: level === '' ? 'high' : 'watch' }),
      triaged(findingId, 'false_alarm', identity),
      triaged(findingId, 'open', identity),
      quarantined(level, 'odd', identity),
      lifted(identity),
    ][what]!;
    return logged(made, noon, who);
  };
  const seen = (events: readonly LoggedEvent[]) => {
    const book = new FindingBook(onError);
    for (const event of events) book.apply(event);
    return identities.map((id) => [
      book.riskOf(id, noon),
      book.quarantineOf(id),
      book.incidents(id).map((each) => each.findings),
    ]);
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const events = steps.map(eventOf);
      const byPartition = identities.flatMap((_, i) =>
        events.filter(({ position }) => position.partition === i),
      );
      expect(seen(byPartition)).toEqual(seen(events));
    }),
    { numRuns: 200 },
  );
});
