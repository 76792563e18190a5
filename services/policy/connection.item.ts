import { z } from 'zod';
import type { RegisteredConnection } from '#domain';
import { connectionSchema, isSecretReference } from '#platform';

const password = z
  .string()
  .max(4096)
  .refine((text) => !isSecretReference(text), {
    error: 'references (env:, file:) are for weir.yaml; through the API give the password itself',
  });
const tlsCa = z.string().startsWith('/', { error: 'expected an absolute path on the gate’s machine' });

const changeReference = z.string().max(500).default('').describe('a commit, ticket or the like');

/** POST /connections. `password` is kept apart, in a file that only the gate reads; no answer returns it. */
export const connectionBody = connectionSchema.extend({
  password: password.default(''),
  tlsCa: tlsCa.optional(),
  changeReference,
});

/** PUT /connections/:name. Without `password` the one it has stays, as long as it goes to the same place. */
export const connectionChange = connectionSchema
  .omit({ name: true })
  .extend({ password: password.optional(), tlsCa: tlsCa.optional(), changeReference });

/** DELETE /connections/:name. */
export const removeQuery = z.strictObject({ changeReference });

export type ConnectionBody = z.infer<typeof connectionBody>;
export type ConnectionChange = z.infer<typeof connectionChange>;

/** A connection as the API shows it. */
export const connectionItem = z.object({
  name: z.string(),
  protocol: z.string(),
  host: z.string(),
  port: z.number().int(),
  database: z.string(),
  user: z.string(),
  /** Never the value: `none`, `stored`, or the reference of weir.yaml. */
  password: z.string(),
  tls: z.string(),
  tlsCa: z.string().nullable(),
  owner: z.string(),
  allowPrivileged: z.boolean(),
  /** Whose set it belongs to; `house`: served by Weirkeeper itself. */
  registeredBy: z.enum(['file', 'api', 'house']),
});

export type ConnectionItem = z.infer<typeof connectionItem>;

export const connectionList = z.object({ connections: z.array(connectionItem) });

export function toConnectionItem({ connection, owner: registeredBy }: RegisteredConnection): ConnectionItem {
  const { name, protocol, host, port, database, user, tls, owner, allowPrivileged } = connection;
  return {
    ...{ name, protocol, host, port, database, user, tls, owner, allowPrivileged, registeredBy },
    password: shownPassword(connection.passwordRef),
    tlsCa: connection.tlsCa || null,
  };
}

function shownPassword(reference: string): string {
  if (reference === '') return 'none';
  return reference.startsWith('literal:') ? 'stored' : reference;
}
