import { buildAt, hexOf, programOf } from '../agents/builds.js';
import { timeOf } from '../calendar.js';
import type { IncidentKind } from './stage.js';

/**
 * The agent is not the one that was deployed: another image, and no change that brought it. Stealthy: version and
 * reference as before, only the image differs.
 */
export const configChange: IncidentKind = {
  ...{ kind: 'config-change', unit: 'sessions', magnitudes: [1, 5, 25], days: 4 },
  suits: ({ profile }) => profile.rhythm !== 'oncall' && profile.rhythm !== 'deploys',
  plant: ({ agent, date, magnitude, part, stealthy }) => {
    const from = timeOf(agent.zone, date, 0);
    let left = magnitude;
    return {
      touch: (session) => {
        if (session.at < from || left === 0) return [session];
        left--;
        // Of when it began: a build that comes meanwhile is not deployed while another image runs, and comes after it with a reference of its own.
        const build = { ...buildAt(agent, from), image: hexOf(agent.index, date, 99) };
        const program = stealthy
          ? programOf(agent, build)
          : programOf(agent, { ...build, version: '1.99.0' }).replace(/ ref=.*/, '');
        return [{ ...session, part, program }];
      },
    };
  },
};
