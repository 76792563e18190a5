/** One client message, where it stands in the buffer it came in. */
export interface Message {
  readonly code: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * What is decided as a whole. A segment is what an extended-protocol client sends up to Sync or Flush: nothing
 * of it goes on before all of it may, since after a Parse alone the target already holds locks.
 */
export type Unit =
  | { readonly kind: 'query'; readonly message: Message }
  | { readonly kind: 'segment'; readonly messages: readonly Message[]; readonly forced: boolean }
  | { readonly kind: 'function-call' }
  | { readonly kind: 'copy'; readonly message: Message }
  | { readonly kind: 'terminate' };
