import type { Relation } from './catalog-snapshot.js';

type Relations = ReadonlyMap<number, Relation>;

/** Servers whose own relations are kept; the oldest is read again if it comes back. */
const MOST_SERVERS = 16;

const known = new Map<string, Relations>();

/**
 * The relations that initdb made, with their OIDs: the same in every database of a server, for as long as it lives.
 * Read once a process. `server`: system identifier, version, and how many there are (information_schema may be dropped).
 */
export async function systemRelations(server: string, read: () => Promise<Relations>): Promise<Relations> {
  const found = known.get(server) ?? (await read());
  known.delete(server);
  known.set(server, found);
  for (const oldest of known.keys()) {
    if (known.size <= MOST_SERVERS) break;
    known.delete(oldest);
  }
  return found;
}
