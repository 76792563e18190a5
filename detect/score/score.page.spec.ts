import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pageWithScore } from './score.page.js';

const page = readFileSync('docs/detection.md', 'utf8');

describe('docs/detection.md', () => {
  it('takes a new table in place of the one that it has', () => {
    const once = pageWithScore(page, '| new |');
    expect(once).toContain('\n| new |\n<!-- /score -->');
    expect(pageWithScore(once, '| newer |')).not.toContain('| new |');
    expect(
      pageWithScore(once, '| newer |')
        .split('| newer |')
        .map((part) => part.length),
    ).toEqual(once.split('| new |').map((part) => part.length));
  });

  it('has what the command writes', () => {
    const [, table = ''] = /<!-- score: [^]*?-->\n([^]*?)<!-- \/score -->/.exec(page) ?? [];
    const heads = [
      'recall | plain | stealthy | false alarms | precision at 1',
      '| kind | form |',
      '| detector | findings |',
    ];
    for (const head of [...heads, '| naive: fixed threshold |', '| naive: z-score |', 'Commit `'])
      expect(table).toContain(head);
  });

  it('is refused where it has no place for a table', () => {
    expect(() => pageWithScore('nothing', 'x')).toThrow('the page has no <!-- score');
  });
});
