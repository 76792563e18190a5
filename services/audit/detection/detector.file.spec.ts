import { describe, expect, it } from 'vitest';
import { parseDetector } from './detector.file.js';

const header = [
  'id: my-detector',
  'title: Something odd',
  'severity: low',
  'technique: T1530',
  'schedule: stream',
  'explain: "{rows} rows"',
];
const file = (lines: readonly string[], sql = 'SELECT 1') =>
  parseDetector('mine.sql', [...lines.map((line) => `-- ${line}`), sql].join('\n'));
const without = (key: string) => header.filter((line) => !line.startsWith(key));

describe('a detector file', () => {
  it('is a header and a query', () => {
    const parsed = file(
      [...header, 'parameters: { rows: 10, hosts: [a, b] }', 'risk: watch'],
      '\nSELECT 1\nFROM x\n',
    );
    expect(parsed).toMatchObject({
      id: 'my-detector',
      learning: 0,
      risk: 'watch',
      riskFor: 24,
      sql: 'SELECT 1\nFROM x',
    });
    expect(parsed.parameters).toEqual({ rows: 10, hosts: ['a', 'b'] });
    expect(parsed.version).toMatch(/^[0-9a-f]{64}$/);
    expect(file(header, 'SELECT 2').version).not.toBe(file(header, 'SELECT 3').version);
  });

  it('may have comments of YAML in its header, and of SQL in its query', () => {
    expect(file(['# why it is here', ...header], 'SELECT 1 -- one').sql).toBe('SELECT 1 -- one');
  });

  it.each([
    [
      'no header',
      () => parseDetector('mine.sql', 'SELECT 1'),
      'mine.sql:1: a detector begins with its header',
    ],
    ['no query', () => file(header, ''), 'mine.sql:6: there is no query'],
    ['no id', () => file(without('id')), 'mine.sql:1: id:'],
    ['an unknown key', () => file([...header, 'colour: red']), 'mine.sql:7: colour: unknown key'],
    [
      'a severity that is none',
      () => file([...without('severity'), 'severity: bad']),
      'mine.sql:6: severity:',
    ],
    [
      'a technique that is none',
      () => file([...without('technique'), 'technique: phishing']),
      'mine.sql:6: technique:',
    ],
    ['a negative learning time', () => file([...header, 'learning: -1']), 'mine.sql:7: learning:'],
    [
      'a parameter that is no plain name',
      () => file([...header, "parameters: { 'a b': 1 }"]),
      'mine.sql:7: parameters',
    ],
    [
      'a template that is not quoted',
      () => file([...without('explain'), 'explain: usual: {rows}']),
      'mine.sql:6: ',
    ],
    ['the same key twice', () => file([...header, 'id: another']), 'mine.sql:7: '],
  ])('is refused with %s, by file and line', (_, parse, says) => {
    expect(parse).toThrow(says);
    expect(parse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
  });
});
