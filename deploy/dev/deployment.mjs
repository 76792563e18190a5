// What docker-compose.yml and the chart need made from something else: `node deploy/dev/deployment.mjs` writes it, a test
// compares. The front's and the chart's routes come from the routing table, Compose's realm from the documented one, the
// chart's dashboards from `dashboards/`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nginxConf } from './nginx-conf.mjs';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const read = (path) => readFileSync(join(root, path), 'utf8');
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
/** For a chart, whose release has to fit into a secret. */
const onOneLine = (path) => `${JSON.stringify(JSON.parse(read(path)))}\n`;

/** What the services serve, in order: a path prefix or a pattern, and its target. */
export const routes = () => JSON.parse(read('services/all/api/routes.json'));
/** Where docker-compose.yml has each target listen, all on one loopback. */
export const composePorts = { identity: 9001, policy: 9002, approval: 9003, audit: 9004, proxy: 9005 };

const onLoopback = Object.fromEntries(
  Object.entries(composePorts).map(([target, port]) => [target, `127.0.0.1:${port}`]),
);
/** Services of a release, whose name the chart puts in. */
const inCluster = Object.fromEntries(
  Object.keys(composePorts).map((target) => [target, `@release@-${target}:80`]),
);

/** Every generated file: its path and its text. */
export function generated() {
  const chart = 'deploy/helm/weirkeeper/files';
  const policies = readdirSync(join(root, 'policies')).filter((name) => name.endsWith('.cedar'));
  const boards = readdirSync(join(root, 'dashboards')).filter((name) => name.endsWith('.json'));
  return {
    'deploy/docker/cluster/nginx.conf': nginxConf(routes(), onLoopback),
    'deploy/docker/cluster/keycloak-realm.json': json(composeRealm()),
    [`${chart}/nginx.conf`]: nginxConf(routes(), inCluster, { behind: true }),
    ...Object.fromEntries(policies.map((name) => [`${chart}/policies/${name}`, read(`policies/${name}`)])),
    ...Object.fromEntries(
      boards.map((name) => [`${chart}/dashboards/${name}`, onOneLine(`dashboards/${name}`)]),
    ),
    [`${chart}/alerts.yaml`]: read('deploy/grafana/alerting/weirkeeper.yaml'),
  };
}

const people = { ana: ['approvers'], sec: ['security'], aud: ['auditors'], ops: ['platform'], dev: [] };

/** docs/examples' realm for Compose: people in it, no SAML, and secrets that Keycloak reads from its environment. */
function composeRealm() {
  const documented = JSON.parse(
    read('docs/examples/keycloak-realm.json').replaceAll('https://weir.example', 'http://127.0.0.1:8080'),
  );
  const secrets = { 'weir-pages': '${WEIR_PAGES_SECRET}', 'ci-agent': '${WEIR_AGENT_SECRET}' };
  return {
    ...documented,
    realm: 'weir',
    sslRequired: 'none', // published on loopback only
    clients: documented.clients
      .filter(({ protocol }) => protocol === 'openid-connect')
      .map((client) => (client.secret ? { ...client, secret: secrets[client.clientId] } : client))
      .map((client) => redirected(client)),
    users: [...documented.users, ...Object.entries(people).map(person)],
  };
}

/** The one callback that names the provider as weir.yaml does. */
function redirected(client) {
  const text = JSON.stringify(client);
  return JSON.parse(
    text.replaceAll('/callback/corp', '/callback/weir').replaceAll('logout/corp', 'logout/weir'),
  );
}

function person([username, groups]) {
  return {
    ...{ username, enabled: true, emailVerified: true, email: `${username}@corp.example` },
    ...{ firstName: username, lastName: 'Corp', groups: groups.map((group) => `/${group}`) },
    credentials: [{ type: 'password', value: '${WEIR_DEMO_PASSWORD}', temporary: false }],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(generated())) writeFileSync(join(root, path), text);
  console.log(`wrote ${Object.keys(generated()).join(', ')}`);
}
