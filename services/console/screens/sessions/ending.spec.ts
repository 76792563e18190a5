import { expect, it } from 'vitest';
import { endingOf } from './ending.js';

it.each([
  ['terminated', '', 'the client said good-bye'],
  ['client gone', '', 'the client was gone without a good-bye'],
  ['target gone', '', 'the database closed its connection'],
  ['lost', '', 'lost: the gate stopped while it was open'],
  ['ended: it reads too much', 'dev:dev-security', 'by dev:dev-security: it reads too much'],
  ['ended: it reached its maximum age', '', 'by Weirkeeper: it reached its maximum age'],
  ['error: a message that is none', '', 'by an error: a message that is none'],
  ['ended: two\nlines', 'corp:ana', 'by corp:ana: two\nlines'],
  ['what a later version writes', '', 'what a later version writes'],
  ['constructor', '', 'constructor'],
  ['', '', 'no reason is recorded'],
])('says of %j (asked for by %j): %s', (reason, by, said) => {
  expect(endingOf(reason, by)).toBe(said);
});
