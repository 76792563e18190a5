import { describe, expect, it } from 'vitest';
import { browserCommand } from './browser.js';

describe('the command that opens an address', () => {
  it.each<[string, NodeJS.ProcessEnv, NodeJS.Platform, readonly string[] | undefined]>([
    ['the one that is named', { BROWSER: '/bin/firefox', SSH_CONNECTION: 'x' }, 'linux', ['/bin/firefox']],
    ['none, over ssh', { SSH_CONNECTION: 'x', DISPLAY: ':0' }, 'linux', undefined],
    ['none, without a screen', {}, 'linux', undefined],
    ['none, without an opener', { DISPLAY: ':0', PATH: '/nowhere' }, 'linux', undefined],
    ["the system's", {}, 'darwin', ['open']],
    ['one without a shell', {}, 'win32', ['rundll32', 'url.dll,FileProtocolHandler']],
  ])('is %s', (_, env, platform, command) => {
    expect(browserCommand(env, platform)).toEqual(command);
  });
});
