/** A way to the same database: straight, or through something. */
export interface Contender {
  readonly name: ContenderName;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Processes between client and database, but for the one that records. */
  readonly pids: readonly number[];
}

export type ContenderName = 'direct' | 'pass-through' | 'parsed' | 'PgBouncer' | 'Weirkeeper';

/** For libpq. Nobody here speaks TLS: all of it is one machine's loopback, and each contender would pay the same. */
export function libpqEnvironment({ host, port, user, password, database }: Contender): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGSSLMODE: 'disable',
    PGGSSENCMODE: 'disable',
  };
}
