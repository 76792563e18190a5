/**
 * What the development provider is to serve. Plain data: it crosses into a thread, and nothing that runs there imports
 * a lib of ours, since each thread loads all its modules anew (half a second of processor time for the platform's).
 */
export interface ProviderPlan {
  readonly issuer: string;
  readonly audience: string;
  /** Where it is mounted. */
  readonly path: string;
  /** Of the gate: where people are sent back to. */
  readonly publicUrl: string;
  /** Private, as JWKs. */
  readonly keys: readonly object[];
  /** Signs its cookies. */
  readonly cookieKey: string;
  /** Keeps codes, grants and refresh tokens across starts. */
  readonly storeFile: string;
  /** Machines by client credentials, and people under the same ids: whoever they come as is one identity. */
  readonly clients: readonly ProviderClient[];
  /** The public clients of pages and of `weir login`. */
  readonly publicClients: { readonly pages: string; readonly cli: string };
}

export interface ProviderClient {
  readonly id: string;
  readonly secret: string;
  readonly role: string;
  readonly group: string;
  readonly name: string;
  /** What the role does, for the page on which one is picked. */
  readonly does: string;
}
