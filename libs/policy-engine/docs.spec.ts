import { expect, test } from 'vitest';
import { problemsOf, read } from './spec/given.js';

const page = read('docs/policies.md');
const blocks = [page, read('docs/findings.md')].flatMap((each) =>
  [...each.matchAll(/^```cedar\n([^]*?)^```$/gm)].map(([, text = '']) => text),
);
const broken = [...page.matchAll(/^```text policies\/(.*)\n([^]*?)^```$/gm)];

test('the page has examples', () => expect(blocks.length).toBeGreaterThan(4));

test.each(blocks.map((text) => [text.split('\n')[0], text] as const))('compiles: %s', (_, text) => {
  expect(problemsOf(text)).toEqual([]);
});

test('what people.cedar shows in comments compiles once the slashes are gone', () => {
  const text = read('policies/people.cedar');
  const example = text.slice(text.indexOf('// // ')).replace(/^\/\/ ?/gm, '');
  expect(example).toContain('\npermit (');
  expect(problemsOf(example)).toEqual([]);
});

test('the errors that the page shows are the errors that come', () => {
  expect(broken.length).toBeGreaterThan(0);
  for (const [, name = '', block = ''] of broken) {
    const [text = '', errors = ''] = block.split('\n\n');
    expect(problemsOf(text, `policies/${name}`)).toEqual(errors.trimEnd().split('\n'));
  }
});
