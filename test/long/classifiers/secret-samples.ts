import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MaskingSet } from '#masking';

export interface SecretScores {
  readonly texts: number;
  readonly found: number;
  readonly decoys: number;
  readonly wrong: number;
  readonly missed: readonly string[];
}

/**
 * The samples that gitleaks' rules are tested with, from a checkout of it: texts that hold a secret and texts that
 * only look so. Literals alone: what its generator makes up is left out. Judged by text, not by place.
 */
export function scoreSecrets(set: MaskingSet, checkout: string): SecretScores {
  const folder = join(checkout, 'cmd/generate/config/rules');
  const sources = readdirSync(folder).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  const samples = sources.flatMap((name) => samplesOf(readFileSync(join(folder, name), 'utf8')));
  const holds = (text: string) => set.classify(text).has('secret');
  const real = samples.filter(({ secret }) => secret);
  const decoys = samples.filter(({ secret }) => !secret);
  const missed = real.filter(({ text }) => !holds(text)).map(({ text }) => text);
  return {
    ...{ texts: real.length, found: real.length - missed.length, missed },
    decoys: decoys.length,
    wrong: decoys.filter(({ text }) => holds(text)).length,
  };
}

interface Sample {
  readonly text: string;
  readonly secret: boolean;
}

/** Each rule lists `tps := …` and then, mostly, `fps := …`, and ends with `return`. */
function samplesOf(source: string): Sample[] {
  const rules = source.split(/\btps (?::=|=)/).slice(1);
  return rules.flatMap((rule) => {
    const body = rule.split(/\n\treturn /)[0] ?? '';
    const [real = '', decoys = ''] = body.split(/\bfps (?::=|=)/);
    return [...literals(real, true), ...literals(decoys, false)];
  });
}

/** The strings of a list, whole: no pieces that something made up is joined to. */
function literals(go: string, secret: boolean): Sample[] {
  const tokens = go.matchAll(/\/\/.*|`([^`]*)`|"((?:[^"\\\n]|\\.)*)"/g);
  const found: Sample[] = [];
  for (const { 0: whole, 1: raw, 2: quoted, index } of tokens) {
    const text = raw ?? quoted?.replace(/\\(.)/g, '$1');
    const stands = /[{,]\s*$/.test(go.slice(Math.max(0, index - 80), index).replace(/\/\/.*$/gm, ''));
    const ends = /^\s*[,})]/.test(go.slice(index + whole.length));
    if (text !== undefined && text.length >= 12 && stands && ends) found.push({ secret, text });
  }
  return found;
}
