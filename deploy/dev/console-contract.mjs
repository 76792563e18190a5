// What the pages need of the API and the document does not say yet: agreed, being built. Each entry goes once the
// document has it; when this file is empty, it goes too.

const string = { type: 'string' };
const number = { type: 'number' };
const time = { type: 'string', format: 'date-time' };
const nullable = (schema) => ({ ...schema, nullable: true });
const list = (items) => ({ type: 'array', items });
const object = (properties, optional = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const answer = (schema, status = 200) => ({
  responses: { [status]: { description: '', content: { 'application/json': { schema } } } },
});
const inPath = (name) => [{ name, in: 'path', required: true, schema: string }];
const inQuery = (...names) => names.map((name) => ({ name, in: 'query', required: false, schema: string }));

const provider = object({
  name: string,
  kind: { type: 'string', enum: ['oidc', 'saml'] },
  label: string,
  signIn: string,
  cli: nullable(object({ issuer: string, clientId: string, scopes: list(string) })),
});

const me = object(
  {
    id: string,
    issuer: string,
    subject: string,
    kind: { type: 'string', enum: ['agent', 'person'] },
    groups: list(string),
    onBehalfOf: string,
    displayName: string,
    roles: list({ type: 'string', enum: ['approver', 'security', 'auditor', 'operator'] }),
    gate: object({ postgres: string }),
    pageSession: nullable(object({ provider: string, csrf: string, idleUntil: time, endsAt: time })),
  },
  ['onBehalfOf', 'displayName', 'pageSession'],
);

const approvalMore = {
  properties: {
    classes: list(string),
    estimate: nullable({
      type: 'object',
      properties: { rows: number, cost: number, unavailable: string },
    }),
    source: object({ address: string, program: string }),
    requester: { properties: { displayName: string } },
  },
};

const activity = object({
  identity: string,
  since: time,
  sessions: number,
  statements: number,
  denied: number,
  held: number,
  rows: number,
  maskedValues: number,
  tables: list(object({ table: string, statements: number, rows: number })),
  recent: list(
    object({
      id: string,
      time: string,
      kinds: list(string),
      tables: list(string),
      decision: string,
      rows: number,
      connection: string,
    }),
  ),
});

const setup = object({
  postgres: object({ host: string, port: number }),
  connections: list(object({ name: string, protocol: string, owner: string, client: string })),
  policies: object({ count: number, owner: string, version: string }),
  masking: object({ rules: number, owner: string }),
  providers: number,
  webhooks: number,
  missing: list(object({ what: string, why: string, do: string })),
});

/** Laid over the document, key by key. */
export const contract = {
  '/api/identity/providers': { get: answer(object({ providers: list(provider) })) },
  '/api/identity/me': { get: answer(me) },
  '/api/identity/sign-out': { post: answer(object({ continue: nullable(string) })) },
  '/api/approvals': { get: answer({ properties: { approvals: { items: approvalMore } } }) },
  '/api/approvals/{id}': { get: answer(approvalMore) },
  '/api/activity/{approvalId}': { get: { parameters: inPath('approvalId'), ...answer(activity) } },
  '/api/setup': { get: answer(setup) },
  '/api/sessions': { get: { parameters: inQuery('table', 'class', 'decision') } },
  '/api/sessions/{id}': {
    delete: {
      parameters: inPath('id'),
      requestBody: {
        required: true,
        content: { 'application/json': { schema: object({ reason: string }) } },
      },
      responses: { 202: { description: '' } },
    },
  },
  '/api/decisions/{id}': {
    get: answer({
      properties: { masks: list(object({ class: string, values: number })), ask: string },
    }),
  },
};
