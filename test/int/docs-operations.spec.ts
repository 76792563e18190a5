import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema, parseConfig } from '#platform';
import { verbs } from '../../services/cli/cli.js';
import { startOptions } from '../../services/all/start.options.js';
import { root, run } from '../support/house.js';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const page = read('docs/operations.md');
const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = '']) => text);
/** As a shell joins lines; each command of the command line, with what is `--…` in it. */
const commands =
  `${blocks.join('\n').replaceAll('\\\n', ' ')}\n${[...page.matchAll(/`(\.\/weir [^`]*)`/g)].map(([, text]) => text).join('\n')}`
    .split(/\n|&&/)
    .flatMap((line) => /\.\/weir (.*)/.exec(line)?.slice(1) ?? [])
    .map((text) =>
      text
        .replace(/#.*|&\s*$/g, '')
        .trim()
        .split(/\s+/),
    );

describe('docs/operations.md', () => {
  it('has its commands', () => expect(commands.length).toBeGreaterThan(10));

  it.each(commands.map(([name = '', ...args]) => [`${name} ${args.join(' ')}`, name, args] as const))(
    'says a command that there is: weir %s',
    (_, name, args) => {
      const verb = verbs.find((each) => each.name === name);
      expect(verb).toBeDefined();
      if (name === 'start') expect(startOptions(args).targets).toHaveLength(1);
      const flags = args.filter((arg) => arg.startsWith('--'));
      for (const flag of flags) expect(verb!.usage).toContain(flag.replace(/=.*/, ''));
    },
  );

  it.each(blocks.map((text) => [text]))('has commands that a shell can read: %s', async (text) => {
    expect(await run('bash', ['-n', '-c', text])).toMatchObject({ code: 0, stderr: '' });
  });

  it('names files that are there, and configuration that is known', () => {
    const paths = [...page.matchAll(/(?<![\w/.-])((?:deploy|services|docs)\/[\w/.-]+\w)/g)].map(
      ([, path = '']) => path,
    );
    expect(paths.length).toBeGreaterThan(4);
    for (const path of paths) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
    const filled = parseConfig('', '/weir.yaml', '/state') as unknown as Record<string, unknown>;
    const sections = Object.keys(configSchema.shape);
    const keys = [...page.matchAll(/`((?:journal|eventLog|sessions|recording|proxy)\.\w+)`/g)].map(
      ([, key = '']) => key,
    );
    for (const key of keys) {
      const [section = '', name = ''] = key.split('.');
      expect(sections).toContain(section);
      expect([key, Object.keys(filled[section] as object).includes(name)]).toEqual([key, true]);
    }
  });

  it('speaks of the ports and people that Compose has', () => {
    const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
      services: Record<string, { ports?: string[] }>;
    };
    const published = Object.values(services).flatMap(({ ports = [] }) =>
      ports.map((port) => port.split(':')[1]!),
    );
    for (const port of published) expect(page).toMatch(new RegExp(`(127\\.0\\.0\\.1|localhost):${port}`));
    const realm = parse(read('deploy/docker/cluster/keycloak-realm.json')) as {
      users: { username: string }[];
    };
    for (const { username } of realm.users.filter((user) => !user.username.startsWith('service-')))
      expect(page).toContain(`\`${username}\``);
  });

  it('names each target, and what each error says', () => {
    for (const target of startOptions([]).targets) expect(page).toContain(`--target=${target}`);
    const journal = [
      'services/proxy/journal/journal.ts',
      'services/proxy/journal/journal.files.ts',
      'services/proxy/gate/holds.ts',
    ]
      .map(read)
      .join('');
    for (const words of [
      'the event log answers too slowly',
      'the journal has reached its cap',
      "the journal can't be written",
    ]) {
      expect(page).toContain(words);
      expect(journal).toContain(words);
    }
  });
});
