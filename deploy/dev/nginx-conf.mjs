/**
 * nginx's configuration as the one address in front of the services.
 * @param {readonly ({ prefix?: string, pattern?: string, target: string })[]} routes the first that fits counts
 * @param {Readonly<Record<string, string>>} addresses of the targets, `host:port`
 * @param {{ listen?: string, folder?: string, behind?: boolean }} [options] `folder`: for what nginx writes; `behind`: another
 *   proxy stands before it, whose word on who asks is handed on with its own address added
 */
export function nginxConf(routes, addresses, { listen = '8080', folder = '/tmp', behind = false } = {}) {
  const targets = [...new Set(routes.map(({ target }) => target))].toSorted();
  return `# Made by deploy/dev/deployment.mjs from the routing table. Do not change it here.
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }

http {
  access_log off;
  server_tokens off;
${lines(['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'], (kind) => `  ${kind}_temp_path ${folder}/nginx-${kind};`)}

${lines(targets, (target) => `  upstream ${target} { server ${addresses[target]}; keepalive 16; }`)}

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
