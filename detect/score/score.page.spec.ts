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
      ...[
        '`npm run detect:score -- ',
        '| asked | answer |',
        '| as shipped | ',
        '| as shipped, plain forms | ',
      ],
      ...['| as shipped, stealthy forms | ', '| at the budget', '| at the budget, each kind held out | '],
      ...['| naive: fixed threshold |', '| naive: z-score |', '| kind | form |', '| detector | findings |'],
    ];
    const places = heads.map((head) => table.indexOf(head));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it('is refused where it has no place for a table', () => {
    expect(() => pageWithScore('nothing', 'x')).toThrow('the page has no <!-- score');
  });
});
