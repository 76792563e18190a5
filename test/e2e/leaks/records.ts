import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/house.js';
import { query } from '../../support/raw-client.js';
import { Attacker } from './attacker.js';
import { withoutIds } from './robbery.js';
import { longPiece, needlesOf, Searcher } from './searcher.js';
import type { TheftStage } from './theft.stage.js';

interface Searched {
  readonly leaks: string[];
  readonly events: number;
  readonly files: number;
}

/** What has masked columns in it, and waits for a person. */
const waiting = [
  "update people set city = 'x' where id = 1 returning id, email, ssn, salary, notes",
  `insert into bait values ('warning') returning kind`,
  `update people set level = -1 where id = 2`,
  'delete from wages where person_id = 1 returning *',
];

/** Everything that others than the client are shown of all that was done, and what is on disk. */
export async function searchRecords(stage: TheftStage): Promise<Searched> {
  const leaks = await searchApprovals(stage);
  const events = await searchEvents(stage, leaks);
  leaks.push(...(await searchReplay(stage)));
  const files = searchDisk(stage, leaks);
  return { leaks: [...new Set(leaks)], events, files };
}

/** What approvers are shown while a statement waits, and what the client gets once they said yes. */
async function searchApprovals(stage: TheftStage): Promise<string[]> {
  const { house } = stage;
  const client = await Attacker.signIn(await stage.address('shipped'));
  const leaks: string[] = [];
  const read = async (role: string, path: string) =>
    leaks.push(...found(stage, `${role} ${path}`, await (await house.fetch(role, path)).text()));
  for (const text of waiting) {
    const answer = client.send(query(text));
    const id = await house.pendingApproval();
    for (const path of ['/api/approvals?status=pending', `/api/approvals/${id}`, '/api/approvals'])
      for (const role of ['approver', 'auditor', 'agent']) await read(role, path);
    await house.decide(id, 'approve');
    await answer;
    await read('approver', `/api/approvals/${id}`);
  }
  leaks.push(...found(stage, 'approved answers', client.drain().toString('latin1')));
  client.end();
  return leaks;
}

const page = 5000;

/** What the audit store tells of statements and their results; of BEGIN and ROLLBACK there is nothing to tell. */
async function searchEvents(stage: TheftStage, leaks: string[]): Promise<number> {
  const { house } = stage;
  await eventually(async () => {
    const [row] = await house.sql(`select count() as n from sessions where ended_at is null`);
    return Number(row!['n']) === 0;
  }, 60_000);
  const telling = `from session_events where (type like '%Outcome' and (rows > 0 or message != '')) or type like '%Chunk'
    or (type like '%Received' and lower(text) not in ('begin', 'rollback'))`;
  const [{ n } = { n: 0 }] = await house.sql(`select count() as n ${telling}`);
  for (let from = 0; from < Number(n); from += page) {
    const rows = await house.sql(
      `select payload ${telling} order by session_id, seq limit ${page} offset ${from}`,
    );
    leaks.push(...found(stage, 'session_events', JSON.stringify(rows)));
  }
  leaks.push(
    ...found(
      stage,
      'control_events',
      JSON.stringify(await house.sql(`select * from control_events limit ${page}`)),
    ),
  );
  return Number(n);
}

async function searchReplay(stage: TheftStage): Promise<string[]> {
  const { house } = stage;
  const ordered = (by: string) =>
    house.sql(`select session_id, count() as n from session_events group by 1 order by ${by} desc limit 5`);
  const sessions = [...(await ordered('n')), ...(await ordered('session_id'))];
  const texts: string[] = [];
  for (const { session_id: id } of sessions) {
    texts.push(await (await house.fetch('auditor', `/api/sessions/${String(id)}/events`)).text());
    texts.push((await house.weir('replay', String(id))).stdout);
  }
  texts.push(await (await house.fetch('auditor', '/api/sessions')).text(), house.log);
  return texts.flatMap((text) => found(stage, 'replay, sessions, log', text));
}

function searchDisk(stage: TheftStage, leaks: string[]): number {
  const searcher = searcherOf(stage);
  const entries = readdirSync(stage.house.dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name);
    leaks.push(...searcher.find(readFileSync(path)).map((each) => `${path}: ${each}`));
  }
  return files.length;
}

const searchers = new WeakMap<TheftStage, Searcher>();

/** Hashes and times are many here: by longer pieces than in what a client is sent. */
function searcherOf(stage: TheftStage): Searcher {
  const known = searchers.get(stage);
  if (known) return known;
  const made = new Searcher(
    needlesOf(
      stage.twins.flatMap(({ secrets }) => secrets),
      longPiece,
    ),
  );
  searchers.set(stage, made);
  return made;
}

const found = (stage: TheftStage, where: string, text: string): string[] =>
  searcherOf(stage)
    .find(withoutIds(Buffer.from(text)))
    .map((each) => `${where}: ${each}`);
