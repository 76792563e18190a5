// By hand, for one's own addresses (--listen is 127.0.0.1:8080 unless given; several of a service: a,b):
//   node deploy/dev/nginx-conf.mjs --identity 127.0.0.1:9001 --policy … --approval … --audit … --proxy … > my.conf
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * nginx's configuration as the one address in front of the services.
 * @param {readonly ({ prefix?: string, pattern?: string, target: string })[]} routes the first that fits counts
 * @param {Readonly<Record<string, string>>} addresses of the targets, `host:port`; several with commas between
 * @param {{ listen?: string, folder?: string, behind?: boolean, from?: string }} [options] `folder`: for what nginx writes; `behind`: another
 *   proxy stands before it, whose word on who asks is handed on with its own address added
 */
export function nginxConf(
  routes,
  addresses,
  { listen = '8080', folder = '/tmp', behind = false, from = madeBy } = {},
) {
  const targets = [...new Set(routes.map(({ target }) => target))].toSorted();
  return `# Made by ${from} from the routing table. Do not change it here.
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }

http {
  access_log off;
  server_tokens off;
${lines(['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'], (kind) => `  ${kind}_temp_path ${folder}/nginx-${kind};`)}

${lines(targets, (target) => `  upstream ${target} { ${servers(addresses[target])} keepalive 16; }`)}

  proxy_http_version 1.1;
  proxy_set_header Connection '';
  proxy_set_header Host $http_host;
${forwarded(behind)}
  # Streams of events go on as they come, for as long as they like; what a client sends, too.
  proxy_buffering off;
  proxy_request_buffering off;
  proxy_read_timeout 1h;
  client_max_body_size 8m;

  server {
    listen ${listen};

    location = /healthz { default_type text/plain; return 200 'ok\\n'; }
    # The services may take this front for their own machine, which may read their metrics: nobody else may.
    location /readyz { return 404; }
    location /metrics { return 404; }
    # Whoever signs in at the development provider is anyone: it is for a browser on its own machine, never through a front.
    location /dev-idp { return 404; }

${lines(inOrder(routes), location)}
  }
}
`;
}

const madeBy = 'deploy/dev/deployment.mjs';
const servers = (addresses) => `server ${String(addresses).replaceAll(',', '; server ')};`;
const lines = (items, line) => items.map((item) => line(item)).join('\n');

/** Of whom X-Forwarded-For speaks: where nobody is before us, what a client says of itself is dropped. */
function forwarded(behind) {
  const [from, proto] = behind
    ? ['$proxy_add_x_forwarded_for', '$http_x_forwarded_proto']
    : ['$remote_addr', '$scheme'];
  return `  proxy_set_header X-Forwarded-For ${from};
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Proto ${proto};`;
}

/** nginx takes any pattern before any prefix, and the longest prefix: a table that says otherwise is refused. */
function inOrder(routes) {
  const prefixes = routes.flatMap(({ prefix }) => (prefix === undefined ? [] : [prefix]));
  const firstPrefix = routes.findIndex(({ prefix }) => prefix !== undefined);
  const late = routes.findIndex(({ pattern }, i) => pattern !== undefined && i > firstPrefix);
  const shadowed = prefixes.find((prefix, i) =>
    prefixes.slice(0, i).some((before) => covers(before, prefix)),
  );
  if (late >= 0) throw new Error(`${routes[late].pattern} stands behind a prefix`);
  if (shadowed) throw new Error(`${shadowed} stands behind a shorter prefix`);
  return routes;
}

const covers = (prefix, other) => other === prefix || other.startsWith(prefix.replace(/\/?$/, '/'));

/** A prefix ends where a segment does: `/api/sql` is not `/api/sqlite`. */
function location({ prefix, pattern, target }) {
  const pass = `{ proxy_pass http://${target}; }`;
  if (pattern !== undefined) return `    location ~ "${pattern}" ${pass}`;
  if (prefix === '/') return `    location / ${pass}`;
  return `    location = ${prefix} ${pass}\n    location ${prefix}/ ${pass}`;
}

/** The configuration that a command line asks for. Throws what is missing or no address. */
export function confByHand(argv) {
  const routes = JSON.parse(
    readFileSync(new URL('../../services/all/api/routes.json', import.meta.url), 'utf8'),
  );
  const targets = [...new Set(routes.map(({ target }) => target))];
  const names = [...targets, 'listen', 'folder'];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  const { listen = '127.0.0.1:8080', folder, ...addresses } = parseArgs({ args: argv, options }).values;
  for (const target of targets) expectAddresses(`--${target}`, addresses[target]);
  if (!/^([\w.-]+:|\[[\da-f:]+\]:)?\d{1,5}$/i.test(listen)) throw new Error(`--listen ${listen}: HOST:PORT`);
  if (folder !== undefined && !/^\/[\w./-]+$/.test(folder))
    throw new Error(`--folder ${folder}: a path from /`);
  const from = 'deploy/dev/nginx-conf.mjs';
  return nginxConf(routes, addresses, { listen, from, ...(folder === undefined ? {} : { folder }) });
}

function expectAddresses(option, given = '') {
  const wrong = given.split(',').find((each) => !/^([\w.-]+|\[[\da-f:]+\]):\d{1,5}$/i.test(each));
  if (wrong !== undefined) throw new Error(`${option} '${wrong}': HOST:PORT, several with commas between`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(confByHand(process.argv.slice(2)));
  } catch (error) {
    console.error(`nginx-conf: ${error.message}`);
    process.exitCode = 2;
  }
}
