import { eventually } from '../../support/house.js';
import type { Step, Tour } from './tour.js';

interface Listed {
  readonly sessions: readonly {
    readonly sessionId: string;
    readonly clientProgram: string;
    readonly endedAt: string | null;
  }[];
}

export const replay: Step = {
  title: 'Afterwards, anyone who may can see the session as it went',
  why: `a recording holds what the agent saw, masked as it saw it: to read it later reveals nothing new.`,

  async run(tour) {
    const { screen } = tour;
    await tour.disconnect();
    const id = await screen.during('its last events reach the audit store', recorded(tour));
    const { stdout } = await tour.weir(['sessions', '--limit', '3']);
    screen.check(stdout.includes(id), 'the session is listed');
    const shown = await tour.weir(['replay', id, '--rows', '3'], { most: 90 });
    screen.check(
      /DROP TABLE orders/.test(shown.stdout) && /DENIED/.test(shown.stdout),
      'with what was refused',
    );
    screen.check(/approved by \S*approver/.test(shown.stdout), 'with who approved what');
    screen.check(/ended: /.test(shown.stdout), 'to its end');
    screen.check(
      !/\b\d{3}-\d{2}-\d{4}\b/.test(shown.stdout),
      'and without one clear value of a masked column',
    );
  },
};

/** The id of the agent's session, once it is recorded to its end. */
async function recorded({ house }: Tour): Promise<string> {
  let id: string | undefined;
  await eventually(async () => {
    const { sessions } = await house.json<Listed>('auditor', '/api/sessions?connection=demo');
    id = sessions.find(
      (session) => session.clientProgram === 'refund-agent' && session.endedAt !== null,
    )?.sessionId;
    return id !== undefined;
  });
  return id!;
}
