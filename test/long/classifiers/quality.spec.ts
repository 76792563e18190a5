import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileMasking, shippedMasking } from '#masking';
import { root } from '../../support/house.js';
import { fetchPackages, note } from './packages.js';
import { score, type LabelledText, type Scores, type Tally } from './score.js';
import { scoreSecrets } from './secret-samples.js';

/*
 * Precision and recall on texts that were not written for these classifiers. What is measured must not be worse than
 * docs/masking.md says; WEIR_WRITE_DOCS=1 writes what is measured there. WEIR_SECRET_SAMPLES: a checkout of gitleaks.
 */

const page = join(root, 'docs/masking.md');
const begin = '<!-- measured by test/long/classifiers: begin -->\n';
const end = '<!-- end -->';
const set = compileMasking(shippedMasking);
const packages = fetchPackages();
const checkout = process.env['WEIR_SECRET_SAMPLES'];
if (!checkout) note('classifier quality of secrets: WEIR_SECRET_SAMPLES names no checkout of gitleaks');

const titles: Readonly<Record<string, string>> = {
  sentences: 'sentences of presidio-evaluator, values of Faker',
  values: 'a value alone, as a column has it: Faker',
  'phones, international': 'example numbers of 240 countries, international',
  'phones, national': 'the same as written at home',
};
const rows: string[] = [];

describe.skipIf(!packages)('classifiers on labelled texts', () => {
  const measured = packages && measure(packages.folder);
  afterAll(() => packages?.remove());

  it('find what is labelled, and little else', () => {
    for (const [key, tally] of [...measured!.tallies].toSorted()) {
      const [source = '', name = ''] = key.split('/');
      if (tally.positives > 0) rows.push(rowOf(titles[source] ?? source, name, tally));
    }
    for (const name of ['card', 'email', 'iban', 'phone', 'ssn'])
      rows.push(rowOf('**all texts, these and those below**', name, totalOf(measured!, name)));
    const { total } = measured!.texts.get('plain')!;
    const wrong = [...measured!.tallies].filter(([key]) => key.startsWith('plain/'));
    rows.push(
      `| ${total.toLocaleString('en')} texts with nothing in them: Faker | all | ${total.toLocaleString('en')} | | ${sum(wrong)} wrong | |`,
    );
    if (process.env['WEIR_SHOW_MISTAKES'])
      writeFileSync(process.env['WEIR_SHOW_MISTAKES'], measured!.mistakes.join('\n'));
    expect(rows.length).toBeGreaterThan(10);
    expect(sum(wrong)).toBeLessThanOrEqual(total / 1000);
  });

  it('leave manuals and licences of this repository’s packages alone', () => {
    const lines = manuals(join(root, 'node_modules'));
    const numbers = new Set(['card', 'iban', 'ssn', 'phone']);
    const hits = lines.filter((line) => [...set.classify(line)].some((name) => numbers.has(name)));
    rows.push(
      `| ${lines.length.toLocaleString('en')} lines of READMEs and licences, not labelled | card, iban, ssn, phone | | | ${hits.length} found | |`,
    );
    if (process.env['WEIR_SHOW_MISTAKES']) process.stderr.write(`${hits.join('\n')}\n`);
    expect(hits.length).toBeLessThan(lines.length / 1000);
  });

  it.skipIf(!checkout || !existsSync(checkout))('find the secrets that gitleaks is tested with', () => {
    const found = scoreSecrets(set, checkout!);
    rows.push(rowOf('literal samples of gitleaks, by text', 'secret', { positives: found.texts, ...found }));
    if (process.env['WEIR_SHOW_MISTAKES'])
      process.stderr.write(`${found.missed.map((text) => text.slice(0, 150)).join('\n')}\n`);
    expect(found.texts).toBeGreaterThan(100);
  });

  it('are as good as the documentation says', () => {
    const text = readFileSync(page, 'utf8');
    const [head = '', rest = ''] = text.split(begin);
    const [table = '', tail = ''] = rest.split(end);
    if (process.env['WEIR_WRITE_DOCS']) {
      const header = '| text | class | labelled | precision | recall | F1 |\n|---|---|---|---|---|---|\n';
      writeFileSync(page, `${head}${begin}\n${header}${rows.join('\n')}\n\n${end}${tail}`);
      return;
    }
    const [told, now] = [scoresOf(table.split('\n')), scoresOf(rows)];
    expect(told.size).toBeGreaterThan(10);
    for (const [key, [precision, recall]] of now) {
      const before = told.get(key)!;
      expect([key, precision >= before[0] - 0.01, recall >= before[1] - 0.01]).toEqual([key, true, true]);
    }
  });
});

function measure(folder: string): Scores {
  const script = join(import.meta.dirname, 'labelled.py');
  const output = execFileSync('python3', [script, folder], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  return score(
    set,
    output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LabelledText),
  );
}

function rowOf(title: string, name: string, { positives, found, wrong }: Tally): string {
  const [precision, recall] = [found / (found + wrong), found / positives];
  const f1 = (2 * precision * recall) / (precision + recall);
  const [p, r, f] = [precision, recall, f1].map((value) => value.toFixed(3));
  return `| ${title} | ${name} | ${positives.toLocaleString('en')} | ${p} | ${r} | ${f} |`;
}

/** Text and class of a row, with its precision and recall. */
function scoresOf(lines: readonly string[]): Map<string, [number, number]> {
  const scores = new Map<string, [number, number]>();
  for (const line of lines) {
    const [, text = '', name = '', , precision = '', recall = ''] = line
      .split('|')
      .map((cell) => cell.trim());
    if (/^[01]\.\d+$/.test(precision)) scores.set(`${text}/${name}`, [Number(precision), Number(recall)]);
  }
  return scores;
}

/** With what was found as this class where another is labelled, or nothing. */
function totalOf({ tallies }: Scores, name: string): Tally {
  const all = [...tallies].filter(([key]) => key.endsWith(`/${name}`)).map(([, tally]) => tally);
  const add = (of: (tally: Tally) => number) => all.reduce((total, tally) => total + of(tally), 0);
  return {
    positives: add(({ positives }) => positives),
    found: add(({ found }) => found),
    wrong: add(({ wrong }) => wrong),
  };
}

function sum(tallies: readonly (readonly [string, Tally])[]): number {
  return tallies.reduce((total, [, { wrong }]) => total + wrong, 0);
}

function manuals(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => /(^|\/)(README|LICEN[CS]E|CHANGELOG)(\.\w+)?$/i.test(name));
  return files.flatMap((name) => {
    try {
      return readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '');
    } catch {
      return []; // a folder of that name
    }
  });
}
