import type { Principal } from '#kernel';
import type { SignInTransaction } from './sign-in.transaction.js';

/** Where people sign in: one configured provider, of either kind. */
export interface SignInProvider {
  /** As in the configuration: part of addresses, and the first half of identities. */
  readonly name: string;
  readonly kind: 'oidc' | 'saml';
  /** What the sign-in page calls it. */
  readonly label: string;
  /** What `weir login` needs to know; null where it can't sign in there. */
  readonly cli: {
    readonly issuer: string;
    readonly clientId: string;
    readonly scopes: readonly string[];
  } | null;

  /** The address to which the browser goes first. Throws SignInFailure. */
  begin(transaction: SignInTransaction): Promise<string>;
  /**
   * Who came back: everything that the provider's answer claims is verified here. `search` as it was sent: `?code=…`,
   * or ''. Throws SignInFailure.
   */
  complete(search: string, transaction: SignInTransaction): Promise<SignedInPerson>;
  /** Who it is now, read again with what was kept. Absent where a provider of this kind can't be asked. */
  readAgain?(kept: KeptSecrets): Promise<ReadAgain>;
  /** Where the browser goes to be signed out there, too; undefined where there is no such place. */
  signOut?(kept: KeptSecrets): Promise<string | undefined>;
}

/**
 * What a provider gave with a sign-in and must be had again: refresh token, ID token, a SAML session's index.
 * Sealed in the state directory as long as the page session lives, never in events.
 */
export type KeptSecrets = Readonly<Record<string, string>>;

export interface SignedInPerson {
  readonly principal: Principal;
  readonly kept?: KeptSecrets;
  /** The provider's own name for its session, for when it says that this has ended. */
  readonly sessionIndex?: string;
  /** Milliseconds since the epoch: the provider wants it over by then. */
  readonly endsAt?: number;
  /** True where `readAgain` will work: its groups then count for so long only as it does. */
  readonly isReadAgain: boolean;
}

export type ReadAgain =
  | { readonly kind: 'person'; readonly principal: Principal; readonly kept: KeptSecrets }
  | { readonly kind: 'refused' }
  /** It gave new tokens, perhaps, and then no answer: what is kept may have changed all the same. */
  | { readonly kind: 'away'; readonly kept: KeptSecrets; readonly reason: string };

/** What a sign-in page is told: a word, and nothing that came from outside. */
export type SignInFailureCode =
  | 'expired' // no transaction, or one that is too old or was used
  | 'mismatch' // an answer to another question: state, nonce, issuer, another provider's
  | 'denied' // the provider says no, or the person did
  | 'refused' // the provider's answer can't be verified
  | 'unavailable' // the provider can't be reached
  | 'unknown'; // no such provider

export class SignInFailure extends Error {
  constructor(
    readonly code: SignInFailureCode,
    /** For the log; may quote the provider. */
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SignInFailure';
  }
}
