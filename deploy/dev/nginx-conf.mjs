/**
 * nginx's configuration as the one address in front of services that listen on loopback ports of their own. `routes`:
 * path prefix to target; `ports`: of the targets; `listen` and `folder` (for what nginx writes) are for tests.
 */
export function nginxConf(routes, ports, { listen = '8080', folder = '/tmp' } = {}) {
  const { '/': pages, ...prefixes } = routes;
  return `# Made by deploy/dev/deployment.mjs from the routing table. Do not change it here.
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }

http {
  access_log off;
  server_tokens off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${folder}/nginx-${kind};`).join('\n')}

${[...new Set(Object.values(routes))].map((target) => `  upstream ${target} { server 127.0.0.1:${ports[target]}; keepalive 16; }`).join('\n')}

  proxy_http_version 1.1;
  proxy_set_header Connection '';
  proxy_set_header Host $http_host;
  # Not added to what the client says: this is the first proxy, and the only one that is believed.
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Proto $scheme;
  # Streams of events go on as they come, for as long as they like; what a client sends, too.
  proxy_buffering off;
  proxy_request_buffering off;
  proxy_read_timeout 1h;
  client_max_body_size 8m;

  server {
    listen ${listen};

    # The services take this front for their own machine, which may read their metrics: nobody else may.
    location = /healthz { default_type text/plain; return 200 'ok\\n'; }
    location /readyz { return 404; }
    location /metrics { return 404; }

${Object.entries(prefixes)
  .map(([prefix, target]) => location(prefix, target))
  .join('\n')}
    location / { proxy_pass http://${pages}; }
  }
}
`;
}

/** A prefix ends where a segment does: \`/api/sql\` is not \`/api/sqlite\`. */
function location(prefix, target) {
  const pass = `{ proxy_pass http://${target}; }`;
  return `    location = ${prefix} ${pass}\n    location ${prefix}/ ${pass}`;
}
