import { execution, RawClient, sync } from '../../support/raw-client.js';
import { copiedIn, errorsIn } from '../../support/wire-reading.js';
import type { Frame } from '../../support/wire-tap.js';
import type { Stage } from '../stage.js';
import type { Said, SqlClient } from './client.js';

/** The extended protocol as bytes written by hand: Parse, Bind, Describe, Execute, Sync; results in binary. */
export const raw: SqlClient = {
  name: 'raw extended protocol',
  format: 'binary',
  separator: '; ',
  cannot: { 'refused DROP in a query string': 'the extended protocol takes one statement at a time' },

  async start(stage, statements) {
    const client = await open(stage);
    return {
      done: inTurn(client, statements),
      vanish: () => client.destroy(),
      cancel: () => client.cancel(),
    };
  },

  async pipeline(stage, statements) {
    const client = await open(stage);
    const answer = await client.ask(...statements.map((statement) => execution(statement)), sync);
    await client.end();
    return { text: shown(answer) };
  },

  async copyOut(stage, statement) {
    const client = await open(stage);
    const answer = await client.ask(execution(statement), sync);
    await client.end();
    return { text: shown(answer) + copiedIn(answer).toString() };
  },

  async crowd(stage, count, statement) {
    const clients = await Promise.all(Array.from({ length: count }, () => open(stage)));
    await Promise.all(clients.map((client) => client.ask(execution(statement, 1), sync)));
    await Promise.all(clients.map((client) => client.end()));
  },
};

async function open(stage: Stage): Promise<RawClient> {
  return RawClient.signIn(await stage.address());
}

async function inTurn(client: RawClient, statements: readonly string[]): Promise<Said> {
  const said: string[] = [];
  try {
    for (const statement of statements) said.push(shown(await client.ask(execution(statement, 1), sync)));
    await client.end();
  } catch (error) {
    // It was taken away.
    said.push(String(error));
  }
  return { text: said.join('\n') };
}

function shown(frames: readonly Frame[]): string {
  return errorsIn(frames)
    .map((error) => Object.values(error).join('\n'))
    .join('\n');
}
