import type { Page, Route } from 'playwright-core';
import { expect } from 'vitest';

/** What a page must show as text: an element with a handler and a script. */
export const bad = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

/** The same after a word to find it by, with marks that reorder, a terminal's escape, a template and a link. */
export const hostile = (word: string): string =>
  `${word} ${bad} \u202eevil\u2066 \x1b[31m {{7*7}} javascript:alert(3)`;

/** As long as PostgreSQL takes a name. */
export const hostileTable = `tab ${bad}`;
export const hostileOwner = `own ${bad} javascript:alert(3)`;

/** Nothing was made of it, and each of these words is there, its unseen marks as escapes. */
export async function expectHarmless(page: Page, shown: readonly string[]): Promise<void> {
  const text = await page.evaluate<string>('document.body.textContent');
  for (const each of shown) expect(text).toContain(each);
  expect(text).not.toMatch(/[\u202e\u2066\x1b]/);
  expect(await page.evaluate<string>('document.title')).not.toMatch(/[\u202e\u2066\x1b]/);
  const made =
    'document.querySelectorAll("main img, main script, [onerror], [style*=expression], a[href^=javascript]").length';
  expect(await page.evaluate(made)).toBe(0);
}

/** As `hostile(word)` is shown. */
export const escaped = (word: string): string => `${word} ${bad} \\u202eevil\\u2066 \\x1b[31m`;

/** What the pages go by: ids, times, and words that choose what is drawn. */
const kept =
  /^(id|\w+Id|\w*At|time|since|status|mode|protocol|roles|csrf|decision|clientAs|signIn|code|next|owner)$/;

/** A real answer in which every other text is hostile, named by its key: no field is trusted, whoever writes it. */
export function deface(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return kept.test(key) ? value : hostile(key);
  if (Array.isArray(value)) return value.map((each) => deface(each, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, deface(each, name)]));
}

/** Lays `deface` over what the gate answers to this one path. */
export async function defaceAnswers(page: Page, path: string | RegExp): Promise<void> {
  await page.route(path, async (route: Route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: deface(await response.json()) });
  });
}
