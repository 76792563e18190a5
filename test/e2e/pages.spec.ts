import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/house.js';
import { peer } from '../support/peers.js';
import { PagesStage } from './pages/stage.js';
import { othersTextsStayText } from './pages/strangers.js';
import { screensDoTheirTask } from './pages/tasks.js';
import { troubleIsSaid } from './pages/trouble.js';
import { peopleWorkWithThem } from './pages/working.js';

describe.skipIf(!peer('chromium') || !peer('postgres'))('the pages', { timeout: 60_000 }, () => {
  let stage: PagesStage;
  beforeAll(async () => void (stage = await PagesStage.build()), 120_000);
  afterEach(() => stage.tidy());
  afterAll(() => stage?.down());

  describe.each(['light', 'dark'] as const)('in the %s', (theme) => {
    screensDoTheirTask(theme, () => stage);
  });
  describe('show what others wrote as text', () => {
    othersTextsStayText(() => stage);
  });
  describe('to whoever works with them', () => {
    peopleWorkWithThem(() => stage);
  });
  describe('in trouble', () => {
    troubleIsSaid(() => stage);
  });

  it('are generated from the document that the gate serves', async () => {
    const { consolePart } = (await import('../../deploy/dev/console-api.mjs' as string)) as {
      consolePart: (document: unknown) => unknown;
    };
    const document: unknown = await (await fetch(stage.at('/api/openapi.json'))).json();
    const committed: unknown = JSON.parse(
      readFileSync(join(root, 'services/console/api/openapi.json'), 'utf8'),
    );
    // `node deploy/dev/console-api.mjs URL` writes it anew.
    expect(JSON.parse(JSON.stringify(consolePart(document)))).toEqual(committed);
  });
});
