import type { Principal } from '#kernel';

/** As whom a client connects: `token` is shell, `user` is free text for those who read records. */
export interface ClientAs {
  readonly who: 'agent' | 'caller';
  readonly token: string;
  readonly user: string;
  /** The development provider runs on loopback only. */
  readonly tls: boolean;
}

export const developmentAgent: ClientAs = {
  ...{ who: 'agent', token: '$(./weir token agent)', user: 'agent', tls: false },
};
/** A token of the configured issuer, wherever an agent has it from. */
export const agentByHand: ClientAs = { who: 'agent', token: '$TOKEN', user: 'agent', tls: true };

/** After `./weir login`. A name that needs no quotes in a shell, nor in a connection string, stands as the user. */
export function personOf({ subject }: Pick<Principal, 'subject'>): ClientAs {
  const user = /^[\w.@+-]{1,63}$/.test(subject) ? subject : 'me';
  return { who: 'caller', token: '$(./weir token)', user, tls: true };
}

/** The line to paste: `psql` with a token as its password. */
export function clientLine(
  connection: string,
  { host, port }: { readonly host: string; readonly port: number | string },
  { token, user, tls }: ClientAs,
): string {
  const target = `host=${host} port=${port} dbname=${connection} user=${user}${tls ? ' sslmode=require' : ''}`;
  return `PGPASSWORD=${token} psql "${target}"`;
}
