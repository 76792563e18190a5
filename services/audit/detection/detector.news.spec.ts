import { expect, it } from 'vitest';
import { isAsked } from './detector.news.js';

it.each([
  ['weir.table_hours', true, false],
  ['weir.detectors', true, false],
  ['weir.control_events', false, true],
  ['weir.published_words', false, true],
  ['weir.first_uses, weir.published_words', true, true],
  ['system.one', true, false],
])(
  'whoever reads %s is asked on news of sessions: %s, of policies and connections: %s',
  (tables, ...asked) => {
    const checked = `SELECT 1 FROM ${tables}`;
    expect([isAsked({ checked }, 'sessions'), isAsked({ checked }, 'house')]).toEqual(asked);
  },
);
