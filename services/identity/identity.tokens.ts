/** The KeptSecretsFiles of this process. */
export const KEPT_SECRETS = Symbol('KEPT_SECRETS');
/** Seals sign-in transactions: a Buffer of 32 bytes. */
export const PAGES_KEY = Symbol('PAGES_KEY');
/** Where people can sign in: `readonly SignInProvider[]`. */
export const SIGN_IN_PROVIDERS = Symbol('SIGN_IN_PROVIDERS');
/** The KeptAnswers of this process. */
export const SAML_ANSWERS = Symbol('SAML_ANSWERS');
