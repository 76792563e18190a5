import type { Configuration } from 'openid-client';
import { exit } from '../exit-codes.js';
import { browserCommand, openBrowser } from '../login/browser.js';
import { codeFlow } from '../login/code.flow.js';
import { deviceFlow, hasDeviceFlow } from '../login/device.flow.js';
import { LoginFile } from '../login/login.file.js';
import { discover, providerOf } from '../login/login.provider.js';
import { settle, type Granted } from '../login/login.tokens.js';
import { inline } from '../render.js';
import { parseVerb, type Cli, type Verb } from '../verb.js';

export const login: Verb = {
  name: 'login',
  summary: 'sign in with your company account; every other command then speaks as you',
  usage: `weir login [--provider NAME] [--device]

Signs in at the gate's identity provider and keeps the tokens in ~/.config/weirkeeper (XDG_CONFIG_HOME), for you
alone; they are renewed as needed. Opens a browser here; where there is none, or with --device, it shows a code
to type in on another device. WEIR_TOKEN, where it is set, counts before the login.

  --provider  where the gate knows several: which one
  --device    no browser on this machine

examples:
  ./weir login
  WEIR_URL=https://weir.example ./weir login --provider corp --device`,

  async run(args, cli) {
    const options = { provider: { type: 'string' }, device: { type: 'boolean' } } as const;
    const { values } = parseVerb(args, options);
    const provider = await providerOf(cli.url, values.provider);
    const config = await discover(provider);
    const granted = await grant(config, provider.scopes, values.device ?? false, cli);
    const { login: kept, me } = await settle(cli.url, provider, granted, cli.now());
    await new LoginFile(cli.env).put(cli.url, kept);
    const roles = me.roles.length > 0 ? ` (${me.roles.join(', ')})` : '';
    cli.out(
      cli.json
        ? JSON.stringify({ id: me.id, roles: me.roles, provider: provider.name })
        : inline(`signed in as ${me.displayName ?? me.id}, ${me.id}${roles}`),
    );
    return exit.ok;
  },
};

function grant(
  config: Configuration,
  scopes: readonly string[],
  device: boolean,
  cli: Cli,
): Promise<Granted> {
  const browser = browserCommand(cli.env);
  if (device || (!browser && hasDeviceFlow(config)))
    return deviceFlow(config, scopes, ({ code, url, complete }) => {
      cli.err(inline(`open ${url} and type in ${code}`));
      if (complete) cli.err(inline(`or open ${complete}`));
    });
  return codeFlow(config, scopes, (url) => {
    cli.err(inline(browser ? `your browser opens; if it does not: ${url}` : `open ${url}`));
    if (browser) openBrowser(browser, url);
  });
}
