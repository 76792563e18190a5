import { spawn } from 'node:child_process';
import { isOnPath } from '../connect/client.program.js';

/** The command that opens an address here: `$BROWSER`, else the desktop's; undefined where nobody would see it. */
export function browserCommand(
  env: NodeJS.ProcessEnv,
  platform = process.platform,
): readonly string[] | undefined {
  if (env['BROWSER']) return [env['BROWSER']];
  if (env['SSH_CONNECTION']) return undefined;
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  const hasScreen = env['DISPLAY'] || env['WAYLAND_DISPLAY'];
  return hasScreen && isOnPath('xdg-open', env) ? ['xdg-open'] : undefined;
}

/** No shell between: the address comes from outside. What fails is no harm, the address is printed as well. */
export function openBrowser(command: readonly string[], url: string): void {
  const [program = '', ...args] = command;
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.once('error', () => undefined);
  child.unref();
}
