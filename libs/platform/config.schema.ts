import { z } from 'zod';
import { detection } from './config.detection.js';

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'expected host:port, e.g. 127.0.0.1:8080');
const addressOrOff = z
  .string()
  .regex(/^(off|(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5})$/, 'expected host:port, e.g. 127.0.0.1:8123, or off');
const names = z.array(z.string().min(1));

/** The strings that may be `env:NAME` or `file:PATH` of what they stand for. */
export const references = z.registry<{ readonly what: 'reference' }>();
const reference = (text: z.ZodString): z.ZodString => text.register(references, { what: 'reference' });

/** A page's sign-in through an issuer: the client that is registered there for it. */
const oidcSignIn = z.strictObject({
  clientId: z.string().min(1),
  /** `env:NAME` or `file:PATH`; absent: a public client, PKCE alone. */
  clientSecret: reference(z.string()).optional(),
  scopes: names.default(['openid', 'profile', 'email']),
  /** A public client for `weir login`. */
  cliClientId: z.string().min(1).optional(),
  /** What the sign-in page calls it. */
  label: z.string().optional(),
});

const oidcIssuer = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  issuer: z.url('expected an address such as https://idp.example/realms/corp'),
  audience: z.string().min(1),
  /** What identities are called by. Where `sub` differs from client to client, one that does not: `oid` at Entra ID. */
  subjectClaim: z.string().min(1).default('sub'),
  groupsClaim: z.string().min(1).default('groups'),
  /** A token with one of these groups is an agent; everyone else is a person. */
  agents: names.default([]),
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  /** Seconds. */
  clockSkew: z.number().int().min(0).max(300).default(30),
  /** Absent: its tokens are taken, and nobody signs in to pages with it. */
  signIn: oidcSignIn.optional(),
});

const samlProvider = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  label: z.string().optional(),
  /** Exactly the identity provider's entityID. */
  idpEntityId: z.string().min(1),
  /** Where browsers are sent to sign in, and out. */
  ssoUrl: z.url(),
  sloUrl: z.url().optional(),
  /** PEM certificates that it signs with; several while it changes keys. */
  idpCerts: z.array(reference(z.string().min(1))).min(1),
  /** Our own entityID; absent: the metadata's address. */
  entityId: z.string().optional(),
  groupsAttribute: z.string().min(1).default('groups'),
  /** The attribute whose one value is what people are called by; absent: the NameID. */
  subjectAttribute: z.string().min(1).optional(),
  /** Its people are those of this `identity.oidc[]`, by name: called as there, by the same subjects. */
  peopleOf: z.string().min(1).optional(),
  /** Who is in one of these groups is an agent; absent: in one of any `identity.oidc[].agents`. */
  agents: names.optional(),
  /** The response must be signed, too; the assertion always must. */
  signedResponse: z.boolean().default(false),
  /** Seconds. */
  clockSkew: z.number().int().min(0).max(300).default(30),
});

const webhook = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  /** http(s), or `env:NAME` or `file:PATH` of one that is itself a secret, as Slack's are. */
  url: reference(z.string().min(1)),
  /** `env:NAME` or `file:PATH` of a secret in the form `whsec_…` (Standard Webhooks). Slack needs none. */
  secret: reference(z.string().min(1)).optional(),
  format: z.enum(['standard', 'slack']).default('standard'),
  /** Which events; absent: all. */
  events: z
    .array(z.enum(['approval.requested', 'approval.decided', 'approval.expired', 'finding.opened']))
    .optional(),
  /** Of findings those that are at least so severe; absent: all. Of nothing else. */
  minSeverity: z.enum(['low', 'medium', 'high', 'critical']).optional(),
  /** Hosts in private networks that it may reach, by name. */
  allowPrivate: names.default([]),
});

export const connectionSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  protocol: z.enum(['postgres']),
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535).default(5432),
  database: z.string().min(1),
  user: z.string().min(1),
  /** `env:NAME`, `file:PATH`, or (with the embedded log only) the password itself. */
  password: reference(z.string()).default(''),
  tls: z.enum(['disable', 'require', 'verify-full']).default('require'),
  tlsCa: z.string().optional(),
  owner: z.string().default(''),
  allowPrivileged: z.boolean().default(false),
});

const eventLog = z
  .strictObject({
    kind: z.enum(['embedded', 'kafka']).default('embedded'),
    /** Of Kafka, as all that follows: some brokers; the others are learned from these. */
    brokers: z.array(address).default([]),
    clientId: z.string().min(1).default('weirkeeper'),
    /** Before every topic's and group's name. */
    prefix: z
      .string()
      .regex(/^[a-zA-Z0-9._-]{0,100}$/, 'expected letters, digits, `.`, `_`, `-`')
      .default(''),
    /** Paths of PEM files. `{}`: with the usual public authorities. */
    tls: z
      .strictObject({
        ca: z.string().optional(),
        cert: z.string().optional(),
        key: z.string().optional(),
      })
      .optional(),
    sasl: z
      .strictObject({
        mechanism: z.enum(['scram-sha-512', 'scram-sha-256', 'plain']).default('scram-sha-512'),
        user: z.string().min(1),
        /** `env:NAME`, `file:PATH`, or the password itself. */
        password: reference(z.string().min(1)),
      })
      .optional(),
    partitions: z.number().int().min(1).max(1000).default(6),
    replication: z.number().int().min(1).max(15).default(3),
    minInSync: z.number().int().min(1).max(15).default(2),
    /** Of what is written; all are read. */
    compression: z.enum(['snappy', 'gzip', 'none']).default('snappy'),
    /** Seconds. */
    retention: z
      .number()
      .int()
      .min(3600)
      .default(30 * 24 * 3600),
  })
  .prefault({});

export const listen = z.strictObject({
  http: address.default('127.0.0.1:8080'),
  postgres: address.default('127.0.0.1:15432'),
  sql: addressOrOff.default('127.0.0.1:8123'),
});

const auditStore = z
  .strictObject({
    kind: z.enum(['embedded', 'clickhouse']).default('embedded'),
    /** Of a ClickHouse server, as all that follows: its HTTP interface. */
    url: z
      .url({ protocol: /^https?$/, error: 'expected an address such as https://clickhouse:8443' })
      .optional(),
    user: z.string().min(1).default('default'),
    /** `env:NAME`, `file:PATH`, or the password itself. */
    password: reference(z.string()).default(''),
    /** Who runs what auditors ask; absent: `user`. */
    reader: z
      .strictObject({ user: z.string().min(1), password: reference(z.string()).default('') })
      .optional(),
    /** The name of several servers of which each is to hold everything. */
    cluster: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/, 'expected letters, digits, `_`, `-`')
      .optional(),
  })
  .prefault({});

export const configSchema = z.strictObject({
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'expected an address such as https://weir.example' })
    .default('http://127.0.0.1:8080'),
  listen: listen.prefault({}),
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  identity: z
    .strictObject({
      oidc: z.array(oidcIssuer).default([]),
      saml: z.array(samlProvider).default([]),
      pages: z
        .strictObject({
          /** Seconds without a request after which a person is signed out. */
          idle: z
            .number()
            .int()
            .min(60)
            .default(30 * 60),
          /** Seconds after which a person signs in again, however busy. */
          maxAge: z
            .number()
            .int()
            .min(60)
            .default(8 * 3600),
          /** Seconds after which the provider is asked again who somebody is. */
          refresh: z
            .number()
            .int()
            .min(10)
            .default(5 * 60),
        })
        .prefault({}),
      /** Addresses (CIDR) of proxies whose X-Forwarded-For is believed; of nobody else is it read. */
      trustedProxies: names.default([]),
      roles: z
        .strictObject({
          approver: names.default([]),
          security: names.default([]),
          auditor: names.default([]),
          operator: names.default([]),
        })
        .prefault({}),
    })
    .prefault({}),
  connections: z.array(connectionSchema).default([]),
  policies: z.string().default('policies/'),
  masking: z.string().optional(),
  eventLog,
  auditStore,
  statements: z
    .strictObject({
      /** Bytes; a longer statement is refused. */
      maxBytes: z
        .number()
        .int()
        .min(1024)
        .default(1024 * 1024),
    })
    .prefault({}),
  recording: z
    .strictObject({
      /** Bytes of masked result kept per statement; past it only count and digest. */
      maxResultBytes: z
        .number()
        .int()
        .min(0)
        .default(256 * 1024),
    })
    .prefault({}),
  journal: z
    .strictObject({
      mode: z.enum(['write-ahead', 'strict']).default('write-ahead'),
      /** Bytes; at the cap new statements are refused. */
      maxBytes: z
        .number()
        .int()
        .min(1024 * 1024)
        .default(4 * 1024 ** 3),
    })
    .prefault({}),
  audit: z
    .strictObject({
      proof: z
        .strictObject({
          /** `env:NAME` or `file:PATH` of the key that signs checkpoints; absent: one is made. */
          key: reference(z.string().regex(/^(env|file):.+/, 'expected env:NAME or file:PATH')).optional(),
          /** Where checkpoints go beside the state directory. */
          sink: z
            .string()
            .regex(/^file:.+/, 'expected file:PATH')
            .optional(),
          /** Seconds between checkpoints. */
          interval: z.number().int().min(1).max(50).default(15),
        })
        .prefault({}),
      retention: z
        .strictObject({
          /** Days after its last event that a session's record is kept; absent: for ever. */
          sessions: z.number().int().min(1).max(36_500).optional(),
        })
        .prefault({}),
    })
    .prefault({}),
  sessions: z
    .strictObject({
      /** Seconds. */
      maxAge: z
        .number()
        .int()
        .min(1)
        .default(8 * 3600),
      /** Seconds a client has to send its startup and password. */
      startupTimeout: z.number().int().min(1).default(15),
      /** Seconds that sessions get to reach an idle point when a proxy shuts down. */
      drain: z.number().int().min(0).max(3600).default(5),
      /** Seconds without proof that the event log is read; then no new sessions and nothing that is masked. */
      maxStaleness: z.number().int().min(5).max(3600).default(30),
    })
    .prefault({}),
  proxy: z
    .strictObject({
      /** Processes that serve clients, all on one port; 1: the gate's own. */
      workers: z.number().int().min(1).max(64).default(1),
    })
    .prefault({}),
  observability: z
    .strictObject({
      /** Addresses (CIDR) that may read `/metrics`, beside this machine. */
      metrics: z.strictObject({ from: names.default([]) }).prefault({}),
      traces: z
        .strictObject({
          /** Where an OpenTelemetry collector takes OTLP over HTTP; absent: no traces. */
          otlp: z
            .url({
              protocol: /^https?$/,
              error: 'expected an address such as http://127.0.0.1:4318/v1/traces',
            })
            .optional(),
          /** The share of sessions, and of statements, that are traced. */
          sample: z.number().min(0).max(1).default(0.01),
        })
        .prefault({}),
    })
    .prefault({}),
  detection,
  webhooks: z.array(webhook).default([]),
  /** Serve the demo database as connection `demo`. */
  demo: z.boolean().default(false),
});

export type WeirConfig = z.infer<typeof configSchema> & {
  /** The file that it came from; paths in it are relative to its folder. */
  readonly file: string;
  /** The state directory (WEIR_DATA): this process's own. */
  readonly dataDir: string;
  /** The state that all replicas of all services share (WEIR_SHARED); the same one unless they run apart. */
  readonly sharedDir: string;
  /** Listeners that this start named before the file's (WEIR_LISTEN). */
  readonly listening: Partial<z.infer<typeof listen>>;
};
export type ConnectionConfig = z.infer<typeof connectionSchema>;
export type SamlProviderConfig = z.infer<typeof samlProvider>;
export type EventLogConfig = z.infer<typeof eventLog>;
export type AuditStoreSettings = z.infer<typeof auditStore>;
export type WebhookConfig = z.infer<typeof webhook>;
export type OidcIssuerConfig = z.infer<typeof oidcIssuer>;
