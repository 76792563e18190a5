/** Who acts, as an identity provider said it and Weirkeeper verified it. */
export interface Principal {
  /** `<issuer name>:<subject>`, unique and stable: the key for grants, windows and records. */
  readonly id: string;
  /** The configured name of the issuer that signed the token. */
  readonly issuer: string;
  readonly subject: string;
  /** `agent` where the token matches `identity.*.agents`; everyone else is a person. */
  readonly kind: 'agent' | 'person';
  readonly groups: readonly string[];
  /** The person in whose name an agent acts (RFC 8693 `act` chain, or an on-behalf-of claim), as an id. */
  readonly onBehalfOf?: string;
  /** For humans only; never used in a decision. */
  readonly displayName?: string;
}

/** The API's roles; `identity.roles` in weir.yaml maps each to groups. */
export type Role = 'approver' | 'security' | 'auditor' | 'operator';

export const roles: readonly Role[] = ['approver', 'security', 'auditor', 'operator'];
