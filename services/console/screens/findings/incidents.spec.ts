import { expect, it } from 'vitest';
import type { Finding, Incident } from './finding.js';
import { byIncident } from './incidents.js';

const finding = (id: string, incident: string) => ({ id, incident }) as Finding;
const whole = { id: 'one', findings: 3 } as Incident;

it('groups a page by incident, in the order of each one’s newest finding', () => {
  const findings = [finding('c', 'one'), finding('b', 'two'), finding('a', 'one')];
  const shown = byIncident({ findings, incidents: [whole], next: null });
  expect(shown.map(({ id, findings: own }) => [id, own.map((each) => each.id)])).toEqual([
    ['one', ['c', 'a']],
    ['two', ['b']],
  ]);
  expect(shown.map((each) => each.whole)).toEqual([whole, undefined]);
});
