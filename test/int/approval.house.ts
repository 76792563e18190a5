import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplication, type Type } from '@nestjs/common';
import type { EventLog } from '#event-log';
import { AppError, type Clock, type Principal } from '#kernel';
import { bootHttp, parseConfig, PlatformModule, type WeirConfig } from '#platform';

/** A control-plane service in a real application, reached over HTTP; a token is a principal's subject. */
export interface House {
  readonly app: INestApplication;
  readonly config: WeirConfig;
  call(who: string, method: string, path: string, body?: unknown, headers?: object): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface HouseOptions {
  readonly module: Type;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly people: readonly Principal[];
  readonly config: WeirConfig;
  /** Absent: `spec`. Replicas need names of their own. */
  readonly instance?: string;
}

export async function openHouse(options: HouseOptions): Promise<House> {
  const { module, log, clock, people, config, instance = 'spec' } = options;
  const platform = PlatformModule.forRoot({
    ...{ config, clock, eventLog: log, instance },
    verifier: {
      verify: async (token) => {
        const principal = people.find(({ subject }) => subject === token);
        if (!principal) throw new AppError('TOKEN_INVALID', 'nobody');
        return { principal, expiresAt: Number.MAX_SAFE_INTEGER };
      },
    },
  });
  @Module({ imports: [platform, module] })
  class SpecModule {}
  const app = await bootHttp(SpecModule, { listen: { host: '127.0.0.1', port: 0 }, shutdownHooks: false });
  const url = await app.getUrl();
  return {
    ...{ app, config },
    call: (who, method, path, body, headers) => call(`${url}/api${path}`, who, method, body, headers),
    close: () => app.close(),
  };
}

/** A state folder and a configuration in it; `remove` takes both away. */
export function specFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'weir-control-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function specConfig(folder: string, yaml: string): WeirConfig {
  return parseConfig(yaml, join(folder, 'weir.yaml'), join(folder, 'state'));
}

async function call(
  url: string,
  who: string,
  method: string,
  body: unknown,
  headers: object = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(who ? { authorization: `Bearer ${who}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text ? JSON.parse(text) : {}) as Record<string, unknown>,
  };
}
