// The house's import rules (who may import whom), as one oxlint rule: `weir/imports`.

const libs = {
  kernel: [],
  events: ['kernel'],
  wire: ['kernel'],
  'event-log': ['kernel', 'events'],
  'audit-store': ['kernel', 'events'],
  'audit-rows': ['kernel', 'events', 'event-log', 'audit-store'],
  proof: ['kernel', 'events'],
  statement: ['kernel'],
  masking: ['kernel', 'statement'],
  'policy-engine': ['kernel', 'statement', 'masking'],
  domain: ['kernel', 'events', 'event-log', 'statement', 'masking', 'policy-engine'],
  platform: [
    'kernel',
    'events',
    'event-log',
    'audit-store',
    'statement',
    'masking',
    'policy-engine',
    'domain',
    'wire',
  ],
};

/** What a folder below services/proxy that speaks a protocol may take from the libs. */
const protocolLibs = ['kernel', 'wire', 'events', 'statement', 'masking', 'policy-engine'];
/** What makes the events that detectors are measured on knows nothing of detectors, nor of what could become one. */
const simulator = 'detect/simulator';
const simulatorLibs = ['kernel', 'events'];
/** Folders below services/proxy that speak no protocol. */
const proxyRooms = ['gate', 'journal', 'demo', 'workers'];

/** What a start reads before it loads all the rest. */
const firstDoor = 'platform/config';

/** What the pages may take from elsewhere: they run in a browser, and all that they carry is sent to it. */
const pagePackages = /^(react|react-dom|radix-ui|@tanstack\/react-(query|router))$/;

/** What dashboards are made with. */
const dashboardPackages = /^(@grafana\/grafana-foundation-sdk|yaml)$/;

/** Packages that appear in one place only. */
const adapters = [
  { packages: /^(kafkajs|snappyjs)$/, home: /^libs\/event-log\/kafka\// },
  { packages: /^lmdb$/, home: /^libs\/event-log\/embedded\// },
  { packages: /^(@clickhouse\/client|chdb)$/, home: /^libs\/audit-store\// },
  { packages: /^libpg-query$/, home: /^libs\/statement\// },
  { packages: /^@cedar-policy\/cedar-wasm$/, home: /^libs\/policy-engine\// },
  {
    packages: /^(react|react-dom|radix-ui|@tanstack\/.*|vite|@vitejs\/.*|@hey-api\/.*)$/,
    home: /^services\/console\//,
  },
  { packages: /^@opentelemetry\//, home: /^libs\/platform\/tracing\// },
  { packages: /^oidc-provider$/, home: /^services\/identity\/dev-provider\// },
  { packages: /^@grafana\/grafana-foundation-sdk$/, home: /^dashboards\// },
];

/** Programs of another service that a file may start, as a process beside it: of what they are made of it imports nothing. */
const programs = [
  { program: 'dist/services/audit/history/main.js', by: 'services/cli/history/history.program.ts' },
];
const builtFile = /(?:^|[ /])(dist\/(?:libs|services|detect)\/[^ ]*)/;

/** Why this file may not name that built file of another room in a text, or undefined: what a process is started from is no import. */
export function programRefusal(file, text) {
  const program = builtFile.exec(text)?.[1];
  if (program === undefined || /^(test|bench)\//.test(file) || file.endsWith('.spec.ts')) return undefined;
  if (roomOf(program.slice('dist/'.length)) === roomOf(file)) return undefined;
  if (programs.some((each) => each.program === program && each.by === file)) return undefined;
  return `${file} may not start ${program}: the list is \`programs\` in deploy/dev/import-rules.mjs`;
}

/** Why this file may not import that, or undefined. `file` is relative to the root of the house. */
export function refusal(file, specifier) {
  const isTest = /^(test|bench)\//.test(file);
  if (isPage(file)) return refusePage(file, specifier);
  if (file.startsWith('dashboards/')) return refuseDashboard(file, specifier);
  if (specifier.startsWith('#')) return refuseLib(file, specifier.slice(1), isTest);
  if (specifier.startsWith('.')) return isTest ? undefined : refuseRelative(file, resolve(file, specifier));
  return refusePackage(file, packageOf(specifier), isTest);
}

/** Pages talk to the API and to nothing else of the house. */
function refusePage(file, specifier) {
  if (specifier.startsWith('#')) return 'the pages import no lib: they talk to the API';
  if (specifier.startsWith('.'))
    return roomOf(resolve(file, specifier)) === 'services/console'
      ? undefined
      : 'the pages import nothing of other rooms: they talk to the API';
  return pagePackages.test(packageOf(specifier))
    ? undefined
    : `a page may import ${pagePackages.source.slice(1, -1).replaceAll('\\', '')} only`;
}

/** Dashboards are made of SQL and of Grafana's own types: they know nothing of the house. */
function refuseDashboard(file, specifier) {
  const isOwn = specifier.startsWith('.') && resolve(file, specifier).startsWith('dashboards/');
  if (isOwn || dashboardPackages.test(packageOf(specifier))) return undefined;
  return `a dashboard may import ${dashboardPackages.source.slice(1, -1).replaceAll('\\', '')} and its like only`;
}

/** Not its specs, nor what builds it. */
function isPage(file) {
  return /^services\/console\/.*(?<!\.spec|\.config)\.tsx?$/.test(file);
}

function refuseLib(file, target, isTest) {
  if (target === firstDoor)
    return file === 'services/all/main.ts' ? undefined : `only a start imports #${firstDoor}`;
  if (target.includes('/')) return `only a lib's root may be imported: #${target.split('/')[0]}`;
  if (!(target in libs)) return `there is no lib ${target}`;
  if (isTest) return undefined;
  const lib = /^libs\/([^/]+)\//.exec(file)?.[1];
  if (lib === target) return 'inside a lib, import by relative path';
  if (lib !== undefined) return allowed(libs[lib] ?? [], target, `libs/${lib}`);
  if (roomOf(file) === simulator) return allowed(simulatorLibs, target, simulator);
  return protocolOf(file) ? allowed(protocolLibs, target, 'a protocol folder') : undefined;
}

function allowed(list, target, who) {
  return list.includes(target)
    ? undefined
    : `${who} may import ${list.map((name) => `#${name}`).join(', ') || 'no lib'} only`;
}

function refuseRelative(file, target) {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === to) return refuseSiblingProtocol(file, target);
  // A contract or a spec language that a lib ships for tests is no part of its root.
  if (file.endsWith('.spec.ts') && /[.-](contract|spec)\.js$/.test(target)) return undefined;
  if (to.startsWith('libs/')) return `import a lib by its root: #${to.slice('libs/'.length)}`;
  // The other way round is refused below.
  if (from.startsWith('detect/') && to === simulator) return undefined;
  // What is scored is what is shipped, in the way in which it is shipped.
  if (from === 'detect/score' && /^services\/audit\/(detection|history)\//.test(target)) return undefined;
  if (from === 'services/all' && to.startsWith('services/')) return undefined;
  if (to.startsWith('services/'))
    return `${from} may not import ${to}: only services/all imports other services`;
  return file.endsWith('.spec.ts') && to === 'test/support' ? undefined : `${from} may not import ${to}`;
}

function refuseSiblingProtocol(file, target) {
  const [from, to] = [protocolOf(file), protocolOf(target)];
  return from && to && from !== to ? `the protocol ${from} may not import the protocol ${to}` : undefined;
}

function refusePackage(file, name, isTest) {
  const adapter = adapters.find(({ packages }) => packages.test(name));
  if (adapter && !isTest && !adapter.home.test(file))
    return `${name} appears below ${adapter.home.source.slice(1).replaceAll('\\', '')} only`;
  if (!name.startsWith('@nestjs/') || isTest) return undefined;
  if (protocolOf(file)) return 'a protocol folder knows no Nest';
  return file.startsWith('libs/') && !file.startsWith('libs/platform/')
    ? 'libs/platform is the only Nest lib'
    : undefined;
}

/** `libs/masking`, `services/proxy`, `test/support`, … */
function roomOf(file) {
  return file.split('/').slice(0, 2).join('/');
}

function protocolOf(file) {
  const folder = /^services\/proxy\/([^/]+)\//.exec(file)?.[1];
  return folder !== undefined && !proxyRooms.includes(folder) ? folder : undefined;
}

function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function resolve(file, specifier) {
  const parts = file.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const rule = {
  meta: { type: 'problem', docs: { description: 'who may import whom in this house' } },
  create(context) {
    const file = /(?:^|\/)((?:libs|services|detect|test|bench|dashboards)\/.*)$/.exec(
      context.filename.replaceAll('\\', '/'),
    )?.[1];
    const check = ({ source }) => {
      const message = file && typeof source?.value === 'string' ? refusal(file, source.value) : undefined;
      if (message) context.report({ node: source, message });
    };
    const checkText = (node) => {
      const message = file && typeof node.value === 'string' ? programRefusal(file, node.value) : undefined;
      if (message) context.report({ node, message });
    };
    return {
      Literal: checkText,
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

export default { meta: { name: 'weir' }, rules: { imports: rule } };
