import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError, type ErrorCode } from '#kernel';
import type { CheckItem } from './check.item.js';
import { DataPlane } from './data-plane.js';
import type { TargetAddress } from './gate/gate.js';
import { connectTarget } from './postgres/target.js';

/** Milliseconds. */
const longest = 5_000;
/** Who tries many hosts in turn waits for each. */
const maxRunning = 2;
/** What was added a moment ago may not have come here yet. Milliseconds. */
const hearsWithin = 2_000;
const pollEvery = 50;

const settings = new Map([['application_name', 'weirkeeper check']]);

/** Tries a connection, with the credential that never leaves the gate. */
@Injectable()
export class CheckDesk {
  readonly #plane: DataPlane;
  #running = 0;

  constructor(@Inject(DataPlane) plane: DataPlane) {
    this.#plane = plane;
  }

  /** Only what is registered is tried. Throws CONNECTION_UNKNOWN, STALE_SNAPSHOT, CONFLICT. */
  async run(name: string): Promise<CheckItem> {
    if (this.#running >= maxRunning)
      throw new AppError('CONFLICT', 'other connections are being tried', { hint: 'try again in a moment' });
    this.#running++;
    try {
      return await this.#try(name);
    } finally {
      this.#running--;
    }
  }

  async #try(name: string): Promise<CheckItem> {
    try {
      return await login(await this.#target(name));
    } catch (error) {
      if (isAppError(error) && error.code in advice) return missed(error);
      throw error;
    }
  }

  async #target(name: string): Promise<TargetAddress> {
    for (let waited = 0; ; waited += pollEvery) {
      try {
        return (await this.#plane.target(name)).target;
      } catch (error) {
        if (!isAppError(error, 'CONNECTION_UNKNOWN') || waited >= hearsWithin) throw error;
        await sleep(pollEvery);
      }
    }
  }
}

async function login(address: TargetAddress): Promise<CheckItem> {
  const target = await connectTarget(address, settings, longest, longest);
  target.close();
  // The server's own words: a version and nothing else is taken from them.
  const [version = ''] = /^\d{1,3}(\.\d{1,3}){0,3}/.exec(target.parameters.get('server_version') ?? '') ?? [];
  return { reached: true, server: `PostgreSQL ${version}`.trimEnd(), tls: target.tls };
}

/** What trying may come to, with what to do where the error itself does not say. */
const advice: Partial<Record<ErrorCode, string>> = {
  TARGET_UNREACHABLE: "are host and port right, and may the gate's machine reach them?",
  TARGET_UNTRUSTED: 'are --tls and --tls-ca what the server is set up for?',
  TARGET_REFUSED:
    'are user, password and database right? To change them, remove the connection and add it again',
  CONFIG_INVALID: 'the password is read where the gate runs: is it there?',
};

/** Messages are fit for a client; of the cause nothing is told but what a known code means. */
function missed(error: AppError): CheckItem {
  const { code, message, hint = advice[error.code] ?? '' } = error;
  const why = code === 'TARGET_UNREACHABLE' ? whyUnreachable(error.cause) : undefined;
  return { reached: false, code, reason: why === undefined ? message : `${message}: ${why}`, hint };
}

function whyUnreachable(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code = cause.message } = cause as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: 'there is no host of that name',
    EAI_AGAIN: 'its name cannot be looked up now',
    ECONNREFUSED: 'nothing listens there',
    EHOSTUNREACH: 'there is no way to that host',
    ENETUNREACH: 'there is no way to that host',
    ETIMEDOUT: 'it does not answer',
    'timed out': 'it does not answer',
  };
  return known[code];
}
