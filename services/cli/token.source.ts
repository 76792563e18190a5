import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError, exit } from './exit-codes.js';
import { fetchGate, isForeign, notAGate } from './gate.fetch.js';
import { LoginFile } from './login/login.file.js';
import { loginToken } from './login/login.tokens.js';
import type { Speaker } from './verb.js';

const client = z.object({ id: z.string(), secret: z.string() });
const devSecrets = z.object({ clients: z.record(z.string(), client) });
const answer = z.object({ access_token: z.string(), expires_in: z.number() });

/** A minted token is used until this long before its end. Milliseconds. */
const margin = 60_000;

export interface TokenSourceOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly url: string;
  readonly dataDir: string;
  readonly now: () => number;
}

/**
 * Where a bearer token comes from: WEIR_TOKEN; else the login at this gate; else, on the machine of a gate with the
 * development provider, a fresh token of the speaker whom the verb needs.
 */
export class TokenSource {
  readonly #minted = new Map<Speaker, { readonly token: string; readonly until: number }>();

  constructor(private readonly options: TokenSourceOptions) {}

  async get(speaker: Speaker): Promise<string> {
    return (await this.own()) ?? this.ofSpeaker(speaker);
  }

  /** WEIR_TOKEN's, or that of `weir login`; undefined where there is neither. */
  async own(): Promise<string | undefined> {
    const { env, url, now } = this.options;
    return env['WEIR_TOKEN'] || loginToken(new LoginFile(env), url, now);
  }

  /** The development provider's, whoever is signed in. */
  async ofSpeaker(speaker: Speaker): Promise<string> {
    const known = this.#minted.get(speaker);
    if (known && this.options.now() < known.until) return known.token;
    const { access_token: token, expires_in: life } = await this.#mint(speaker);
    this.#minted.set(speaker, { token, until: this.options.now() + life * 1000 - margin });
    return token;
  }

  async #mint(speaker: Speaker): Promise<z.infer<typeof answer>> {
    const { id, secret } = this.#secretsOf(speaker);
    const response = await fetchGate(`${this.options.url}/dev-idp/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    if (isForeign(response.status) && !(await this.#isGate())) throw notAGate(response);
    if (!response.ok)
      throw new CliError(
        exit.refused,
        noToken(
          `the development provider answered ${response.status} to the secrets in ${this.#file}${elsewhere}`,
        ),
      );
    return answer.parse(await response.json());
  }

  /** A gate says to anybody where one signs in. */
  async #isGate(): Promise<boolean> {
    const answer = await fetchGate(`${this.options.url}/api/identity/providers`, {});
    return answer.ok && (answer.headers.get('content-type') ?? '').includes('json');
  }

  get #file(): string {
    return join(this.options.dataDir, 'dev-idp.json');
  }

  #secretsOf(speaker: Speaker): z.infer<typeof client> {
    const file = this.#file;
    if (!existsSync(file))
      throw new CliError(exit.refused, noToken(`there is no ${file}${elsewhere}`), 'UNAUTHENTICATED');
    const found = devSecrets.safeParse(readJson(file)).data?.clients[speaker];
    if (!found) throw new CliError(exit.failed, `${file} has no ${speaker}`);
    return found;
  }
}

const elsewhere =
  '; if the gate is on this machine, name its folder: WEIR_SHARED where services are apart, else WEIR_DATA';

function noToken(reason: string): string {
  return `no token: run \`weir login\`, or set WEIR_TOKEN to a token of your identity provider (${reason})`;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new CliError(exit.failed, `${file} cannot be read`);
  }
}
