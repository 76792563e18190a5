import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { connectAuditStore, type ClickHouseClient } from '#audit-store';
import { decodeEnvelope, encodeEnvelope, payload, StatementReceivedSchema, topics } from '#events';
import { decodeEntries, parseSignerKey, readCheckpoint, signCheckpoint, tilePath, tileWidth } from '#proof';
import { TreeFiles } from '../../../services/audit/proof/tree.files.js';
import type { Cluster } from './cluster.js';

/** A change by hand, and the line of `weir verify` that names it. */
export interface Tampering {
  readonly name: string;
  readonly found: RegExp;
}

interface Victim {
  readonly session_id: string;
  readonly partition: number;
  readonly last: string;
  /** Places of statements that were received. */
  readonly received: string[];
}

const rows = 'weir.session_event_rows';

/** Does all of it, each to a session of its own, while the audit service is stopped: with its files and the engine. */
export async function tamper(cluster: Cluster): Promise<Tampering[]> {
  const sessions = await victims(cluster);
  const [text, column, deleted, swapped, tail, signed] = sessions as [
    Victim,
    Victim,
    Victim,
    Victim,
    Victim,
    Victim,
  ];
  const audit = cluster.processes.get('audit')!;
  await audit.stop();
  const folder = join(cluster.dir, 'audit');
  const client = connectAuditStore({ kind: 'embedded', path: join(folder, 'audit') });
  try {
    return [
      await changedText(client, text),
      await changedColumn(client, column),
      await deletedRow(client, deleted),
      await swappedPair(client, swapped),
      await truncatedTail(client, tail),
      await signedAgain(folder, join(cluster.dir, 'shared/keys/checkpoints.key'), signed),
    ];
  } finally {
    await client.close();
    await audit.start();
  }
}

/** Sessions of some length that have ended, and are not the last of their partition. */
async function victims(cluster: Cluster): Promise<Victim[]> {
  const found = await cluster.sql<Victim>(
    `select session_id, any(partition) as partition, toString(max(session_events.seq)) as last,
       groupArrayIf(toString(session_events.seq), type = 'StatementReceived') as received
     from session_events where client_program like 'marked-%'
     group by session_id having length(received) > 4 order by session_id limit 6`,
  );
  if (found.length < 6) throw new Error(`only ${found.length} sessions to tamper with`);
  return found.map((each) => ({
    ...each,
    received: each.received.toSorted((a, b) => Number(a) - Number(b)),
  }));
}

const at = ({ session_id }: Victim, seq: string) => `session_id = '${session_id}' AND seq = ${seq}`;

async function command(client: ClickHouseClient, query: string): Promise<void> {
  await client.command({ query, clickhouse_settings: { mutations_sync: '1' } });
}

async function rawOf(client: ClickHouseClient, victim: Victim, seq: string): Promise<Buffer> {
  const query = `SELECT base64Encode(raw) AS raw FROM ${rows} FINAL WHERE ${at(victim, seq)}`;
  const [row] = await (await client.query({ query, format: 'JSONEachRow' })).json<{ raw: string }>();
  return Buffer.from(row!.raw, 'base64');
}

const literal = (raw: Uint8Array) => `base64Decode('${Buffer.from(raw).toString('base64')}')`;

async function changedText(client: ClickHouseClient, victim: Victim): Promise<Tampering> {
  const seq = victim.received[1]!;
  const envelope = decodeEnvelope(await rawOf(client, victim, seq));
  const message = payload(StatementReceivedSchema, envelope)!;
  const other = create(StatementReceivedSchema, { ...message, text: 'select 1' });
  envelope.data = toBinary(StatementReceivedSchema, other);
  const change = `raw = ${literal(encodeEnvelope(envelope))}, text = 'select 1'`;
  await command(client, `ALTER TABLE ${rows} UPDATE ${change} WHERE ${at(victim, seq)}`);
  return {
    name: 'a changed text',
    found: new RegExp(`^changed text: session ${victim.session_id} seq ${seq}: its bytes`),
  };
}

async function changedColumn(client: ClickHouseClient, victim: Victim): Promise<Tampering> {
  const seq = victim.received[1]!;
  await command(client, `ALTER TABLE ${rows} UPDATE decision = 'deny' WHERE ${at(victim, seq)}`);
  return {
    name: 'a changed typed column',
    found: new RegExp(`^changed column decision: session ${victim.session_id} seq ${seq}: it says "deny"`),
  };
}

async function deletedRow(client: ClickHouseClient, victim: Victim): Promise<Tampering> {
  const seq = victim.received[1]!;
  await command(client, `ALTER TABLE ${rows} DELETE WHERE ${at(victim, seq)}`);
  return {
    name: 'a deleted row',
    found: new RegExp(`^deleted row: session ${victim.session_id} seq ${seq}: it is not in the store`),
  };
}

async function swappedPair(client: ClickHouseClient, victim: Victim): Promise<Tampering> {
  const [a, b] = [victim.received[1]!, victim.received[3]!];
  const [first, second] = [await rawOf(client, victim, a), await rawOf(client, victim, b)];
  const swapped = `multiIf(seq = ${a}, ${literal(second)}, seq = ${b}, ${literal(first)}, raw)`;
  await command(
    client,
    `ALTER TABLE ${rows} UPDATE raw = ${swapped} WHERE session_id = '${victim.session_id}'`,
  );
  return { name: 'a swapped pair', found: new RegExp(`^swapped: session ${victim.session_id} seq ${a}:`) };
}

async function truncatedTail(client: ClickHouseClient, victim: Victim): Promise<Tampering> {
  const { session_id: id, last } = victim;
  const kept = victim.received[2]!;
  await command(client, `ALTER TABLE ${rows} DELETE WHERE session_id = '${id}' AND seq > ${kept}`);
  const gone = `seq ${Number(kept) + 1} to ${last}`;
  return { name: 'a truncated tail', found: new RegExp(`^truncated tail: session ${id} ${gone}:`) };
}

/** Another head of a session in its tree, and the tree's checkpoint signed with the key of this house. */
async function signedAgain(folder: string, key: string, victim: Victim): Promise<Tampering> {
  const tree = join(folder, 'proof', topics.session, String(victim.partition));
  const before = readCheckpoint(readFileSync(join(tree, 'checkpoint'), 'utf8'))!;
  const { through } = JSON.parse(readFileSync(join(tree, 'state.json'), 'utf8')) as { through: number };
  const entries = entriesOf(tree, before.size);
  const index = entries.findIndex((each) => each.toString().includes(victim.session_id));
  entries[index] = Buffer.from(entries[index]!.toString().replace(/"head":"../, '"head":"00'));
  const forged = await TreeFiles.clear(tree);
  forged.append(entries, through);
  await forged.save();
  const signer = parseSignerKey(readFileSync(key, 'utf8'));
  const { origin } = before;
  const note = signCheckpoint({ origin, size: forged.size, root: forged.root() }, signer);
  writeFileSync(join(tree, 'checkpoint'), note);
  const at = origin.replaceAll(/[.+]/g, '\\$&');
  return {
    name: 'a re-signed checkpoint',
    found: new RegExp(`^re-signed checkpoint: ${at}: its first \\d+ leaves are not those of the sink's`),
  };
}

function entriesOf(tree: string, size: number): Buffer[] {
  const count = Math.ceil(size / tileWidth);
  return Array.from({ length: count }, (_, index) => {
    const width = Math.min(tileWidth, size - index * tileWidth);
    return decodeEntries(readFileSync(join(tree, tilePath({ level: 'entries', index, width }))))!;
  }).flat();
}
