import { expect, it } from 'vitest';
import { linksOf, measured, severityOf, stateOf, techniquePage } from './finding.js';

it('leads to MITRE’s page of a technique, and of nothing else', () => {
  expect(techniquePage('T1530')).toBe('https://attack.mitre.org/techniques/T1530/');
  expect(techniquePage('T1078.004')).toBe('https://attack.mitre.org/techniques/T1078/004/');
  for (const other of ['', 'T15', 'T1530/../../x', 'javascript:alert(1)', 'T1530\n'])
    expect(techniquePage(other)).toBeUndefined();
});

it('puts statements below their sessions, of which the finding may not name each', () => {
  expect(
    linksOf({ sessionIds: ['ses_a', 'ses_b'], statementIds: ['ses_a-1', 'ses_c-9', 'ses_a-12'] }),
  ).toEqual([
    { sessionId: 'ses_a', statementIds: ['ses_a-1', 'ses_a-12'] },
    { sessionId: 'ses_b', statementIds: [] },
    { sessionId: 'ses_c', statementIds: ['ses_c-9'] },
  ]);
});

it('shows words that it does not know as they are', () => {
  expect(severityOf('constructor')).toEqual(['neutral', 'constructor']);
  expect(stateOf('closed')).toEqual(['neutral', 'closed']);
  expect([measured(48_210), measured(0.333_33), measured(null)]).toEqual(['48,210', '0.33', 'not known']);
});
