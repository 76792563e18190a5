import { exit } from '../exit-codes.js';
import { LoginFile, type Login } from '../login/login.file.js';
import { discover } from '../login/login.provider.js';
import { parseVerb, type Verb } from '../verb.js';

export const logout: Verb = {
  name: 'logout',
  summary: 'forget the login at this gate',
  usage: `weir logout

Gives the login's tokens back to the identity provider and forgets them here.`,

  async run(args, cli) {
    parseVerb(args, {});
    const file = new LoginFile(cli.env);
    const known = await file.get(cli.url);
    if (known) {
      await file.drop(cli.url);
      await giveBack(known);
    }
    if (cli.json) cli.out(JSON.stringify({ signedOut: known !== undefined }));
    else cli.out(known ? 'signed out' : 'nobody was signed in');
    return exit.ok;
  },
};

/** Best effort: here it is forgotten already. */
async function giveBack(login: Login): Promise<void> {
  if (login.refreshToken === undefined) return;
  try {
    const { tokenRevocation } = await import('openid-client');
    await tokenRevocation(await discover(login), login.refreshToken);
  } catch {
    // The provider is away, or takes nothing back: the token ends by its own time.
  }
}
