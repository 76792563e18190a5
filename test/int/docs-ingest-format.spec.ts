import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { honeytokens, incidentKinds, labelHeader } from '../../detect/simulator/index.js';

const text = readFileSync(resolve(import.meta.dirname, '../../docs/ingest-format.md'), 'utf8');
const cells = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));

describe('docs/ingest-format.md', () => {
  it.each(incidentKinds)('says of $kind what it counts, and its magnitudes', ({ kind, unit, magnitudes }) => {
    const row = cells.find(([, first]) => first === `\`${kind}\``);
    expect(row?.slice(2, 4)).toEqual([unit, magnitudes.join(', ')]);
  });

  it('names the columns of labels.csv, and the canary tables', () => {
    const named = cells.flatMap(([, first = '']) => [...first.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(named).toEqual(expect.arrayContaining(labelHeader.split(',').filter((name) => name !== 'unit')));
    for (const { table } of honeytokens) expect(text).toContain(`\`${table}\``);
  });
});
