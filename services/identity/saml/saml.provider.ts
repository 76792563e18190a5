import { AppError, type Clock, type Principal } from '#kernel';
import type { SamlProviderConfig, WeirConfig } from '#platform';
import {
  SignInFailure,
  type KeptSecrets,
  type SignedInPerson,
  type SignInProvider,
} from '../sign-in/sign-in.provider.js';
import type { SignInTransaction } from '../sign-in/sign-in.transaction.js';
import type { KeptAnswer, KeptAnswers } from './kept-answers.file.js';
import { logoutByPost, logoutByRedirect, type LogoutRequest } from './saml.logout.js';
import { readResponse } from './saml.response.js';
import { samlEngine, samlSettings, type SamlSettings } from './saml.settings.js';

/**
 * Sign-in with SAML 2.0: the request goes by redirect, the answer comes by POST. That POST is another site's, so it
 * carries no cookie: the answer is verified and kept under a code, with which the browser comes back in a navigation of
 * our own. Only there, with its cookie, is it known whether this browser asked.
 */
export class SamlSignIn implements SignInProvider {
  readonly kind = 'saml';
  readonly name: string;
  readonly label: string;
  readonly cli = null;
  readonly settings: SamlSettings;

  constructor(
    config: SamlProviderConfig,
    house: Pick<WeirConfig, 'publicUrl' | 'file'>,
    private readonly answers: KeptAnswers,
    private readonly clock: Clock,
  ) {
    this.name = config.name;
    this.label = config.label ?? config.name;
    this.settings = samlSettings(config, house);
  }

  /** RelayState stays empty: nothing that comes back with an answer decides where the browser goes. */
  async begin(transaction: SignInTransaction): Promise<string> {
    const engine = samlEngine(this.settings, { generateUniqueId: () => requestId(transaction) });
    return engine.getAuthorizeUrlAsync('', undefined, {});
  }

  /** What the provider's answer says, all of it verified but who asked. Throws SignInFailure. */
  async verify(samlResponse: unknown): Promise<KeptAnswer> {
    return { provider: this.name, ...(await readResponse(samlResponse, this.settings, this.clock.now())) };
  }

  async complete(search: string, transaction: SignInTransaction): Promise<SignedInPerson> {
    const code = new URLSearchParams(search).get('code') ?? '';
    const answer = await this.answers.take(code, this.clock.now());
    if (!answer) throw new SignInFailure('mismatch', 'no answer is kept under that code');
    if (answer.provider !== this.name || answer.inResponseTo !== requestId(transaction))
      throw new SignInFailure('mismatch', 'the answer is to what another browser asked');
    return personOf(answer);
  }

  /** Where the provider's session ends, too (single logout); its answer is not waited for. */
  async signOut(kept: KeptSecrets): Promise<string | undefined> {
    const { nameId, nameIdFormat, sessionIndex } = kept;
    const { config } = this.settings;
    if (config.sloUrl === undefined || nameId === undefined || nameIdFormat === undefined) return undefined;
    const who = { issuer: config.idpEntityId, nameID: nameId, nameIDFormat: nameIdFormat };
    const index = sessionIndex === undefined ? {} : { sessionIndex };
    return samlEngine(this.settings).getLogoutUrlAsync({ ...who, ...index }, '', {});
  }

  /** Of a `SAMLRequest` in a query (without its question mark) or in a form. Throws SignInFailure. */
  readLogout(from: { readonly query: string } | { readonly field: unknown }): Promise<LogoutRequest> {
    const now = this.clock.now();
    return 'query' in from
      ? logoutByRedirect(from.query, this.settings, now)
      : logoutByPost(from.field, this.settings, now);
  }

  /** Where the browser takes our answer to a logout request; undefined where there is no such place. */
  async logoutAnswer({ id, nameId }: LogoutRequest, relayState: string): Promise<string | undefined> {
    const { config } = this.settings;
    if (config.sloUrl === undefined) return undefined;
    const request = { ID: id, issuer: config.idpEntityId, nameID: nameId, nameIDFormat: '' };
    return samlEngine(this.settings).getLogoutResponseUrlAsync(request, relayState, {}, true);
  }
}

/** The SAML provider of that name. Throws NOT_FOUND. */
export function samlProvider(providers: readonly SignInProvider[], name: string): SamlSignIn {
  const provider = providers.find((candidate) => candidate.name === name);
  if (!(provider instanceof SamlSignIn)) throw new AppError('NOT_FOUND', 'there is no such provider');
  return provider;
}

/** An xs:ID may not begin with a digit. */
function requestId(transaction: SignInTransaction): string {
  return `_${transaction.derive('saml request')}`;
}

/** Nobody can be asked again: the session is as short as one whose groups are never read again. */
function personOf(answer: KeptAnswer): SignedInPerson {
  const { provider, nameId, nameIdFormat, groups, displayName, sessionIndex, sessionEndsAt } = answer;
  const principal: Principal = {
    id: `${provider}:${nameId}`,
    issuer: provider,
    subject: nameId,
    kind: 'person',
    groups,
    ...(displayName === undefined ? {} : { displayName }),
  };
  return {
    principal,
    kept: { nameId, nameIdFormat },
    isReadAgain: false,
    ...(sessionIndex === undefined ? {} : { sessionIndex }),
    ...(sessionEndsAt === undefined ? {} : { endsAt: sessionEndsAt }),
  };
}
