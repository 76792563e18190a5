import { readFileSync } from 'node:fs';
import { writeDurably } from '#kernel';

type Payload = Record<string, unknown>;
interface Entry {
  payload: Payload;
  /** Milliseconds since the epoch. */
  until: number | null;
}

/** More entries than this and the oldest go. */
const most = 5_000;
/** Milliseconds within which changes are one write. */
const together = 20;

/** What the development provider remembers (codes, grants, refresh tokens), in one file, across starts. */
export class DevStore {
  readonly #entries: Map<string, Entry>;
  #isWaiting = false;
  #writing = Promise.resolve();

  constructor(
    private readonly file: string,
    private readonly onError: (error: Error) => void,
  ) {
    this.#entries = new Map(read(file));
  }

  get(key: string): Payload | undefined {
    const entry = this.#entries.get(key);
    return entry && isLive(entry) ? entry.payload : undefined;
  }

  set(key: string, payload: Payload, seconds: number | undefined): void {
    this.#entries.delete(key);
    this.#entries.set(key, { payload, until: seconds === undefined ? null : Date.now() + seconds * 1000 });
    this.#write();
  }

  delete(where: (key: string, payload: Payload) => boolean): void {
    for (const [key, { payload }] of this.#entries) if (where(key, payload)) this.#entries.delete(key);
    this.#write();
  }

  find(where: (key: string, payload: Payload) => boolean): Payload | undefined {
    for (const [key, entry] of this.#entries)
      if (isLive(entry) && where(key, entry.payload)) return entry.payload;
    return undefined;
  }

  /** One after the other: an older state must not replace a newer one. */
  #write(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const save = () => void (this.#writing = this.#writing.then(() => this.#save()));
    setTimeout(save, together).unref();
  }

  async #save(): Promise<void> {
    this.#isWaiting = false;
    for (const [key, entry] of this.#entries)
      if (!isLive(entry) || this.#entries.size > most) this.#entries.delete(key);
    try {
      await writeDurably(this.file, JSON.stringify([...this.#entries]));
    } catch (error) {
      this.onError(new Error('sign-ins will not outlive this start', { cause: error }));
    }
  }
}

function isLive({ until }: Entry): boolean {
  return until === null || Date.now() < until;
}

/** What can't be read is forgotten: people sign in again. */
function read(file: string): [string, Entry][] {
  try {
    const entries = JSON.parse(readFileSync(file, 'utf8')) as [string, Entry][];
    return entries.filter(([key, { payload }]) => typeof key === 'string' && typeof payload === 'object');
  } catch {
    return [];
  }
}

/** oidc-provider's storage interface, one instance for each of its models. */
export function adapterOf(store: DevStore) {
  return class DevAdapter {
    constructor(readonly model: string) {}

    upsert = async (id: string, payload: Payload, expiresIn?: number) =>
      store.set(`${this.model}:${id}`, payload, expiresIn);
    find = async (id: string) => store.get(`${this.model}:${id}`);
    findByUid = async (uid: string) =>
      store.find((key, payload) => this.#isOwn(key) && payload['uid'] === uid);
    findByUserCode = async (code: string) =>
      store.find((key, payload) => this.#isOwn(key) && payload['userCode'] === code);
    destroy = async (id: string) => store.delete((key) => key === `${this.model}:${id}`);
    revokeByGrantId = async (grantId: string) =>
      store.delete((key, payload) => this.#isOwn(key) && payload['grantId'] === grantId);

    /** In place: how long it is kept does not change. */
    consume = async (id: string) => {
      const payload = store.get(`${this.model}:${id}`);
      if (payload) payload['consumed'] = Math.floor(Date.now() / 1000);
    };

    #isOwn(key: string): boolean {
      return key.startsWith(`${this.model}:`);
    }
  };
}
