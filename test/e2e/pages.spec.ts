import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { peer } from '../support/peers.js';
import { findingsAreJudged, findingsAreWorkedWith } from './pages/findings.js';
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
    findingsAreJudged(theme, () => stage);
  });
  describe('show what others wrote as text', () => {
    othersTextsStayText(() => stage);
  });
  describe('to whoever works with them', () => {
    peopleWorkWithThem(() => stage);
    findingsAreWorkedWith(() => stage);
  });
  describe('in trouble', () => {
    troubleIsSaid(() => stage);
  });
});
