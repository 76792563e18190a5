import { buildAt } from '../agents/builds.js';
import { someReads } from './new-source.js';
import { sessionAt, timeOn, type IncidentKind } from './stage.js';

const tools = ['pg_dump', 'DBeaver 24.1.0 - Main', 'psql', 'Metabase', 'sqlmap/1.8'];
const drivers = ['PostgreSQL JDBC Driver', 'psycopg 3.1', 'node-postgres'];

/** Another program with the agent's credential, from where it always comes. Stealthy: it calls itself like the agent. */
export const newClient: IncidentKind = {
  ...{ kind: 'new-client', unit: 'sessions', magnitudes: [1, 4, 12], days: 3 },
  suits: ({ profile }) => profile.rhythm !== 'oncall',
  plant: (stage) => {
    const { agent, magnitude, random, stealthy } = stage;
    const { version } = buildAt(agent, timeOn(stage, 0, 12));
    const program = stealthy ? `${agent.name}/${version} ${random.pick(drivers)}` : random.pick(tools);
    return {
      sessions: Array.from({ length: magnitude }, (_, i) =>
        sessionAt(stage, timeOn(stage, i % 3, agent.hour + random.between(0.2, 8.5)), someReads(stage), {
          program,
        }),
      ),
    };
  },
};
