import { AppError } from '#kernel';
import { listen, type WeirConfig } from './config.schema.js';

/** `http=127.0.0.1:18081,sql=off` as listeners. CONFIG_INVALID for what is none. */
export function listenersOf(text: string | undefined): WeirConfig['listening'] {
  const given = Object.fromEntries((text ?? '').split(',').flatMap(listenerOf));
  const { success, error } = listen.safeParse(given);
  if (!success)
    throw new AppError(
      'CONFIG_INVALID',
      `WEIR_LISTEN or --listen, expected name=host:port: ${error.issues.map(told).join('; ')}`,
      {
        hint: `for example http=127.0.0.1:18081; there is ${Object.keys(listen.shape).join(', ')}`,
      },
    );
  return given;
}

function listenerOf(text: string): [string, string][] {
  const [name = '', ...address] = text.trim().split('=');
  return text.trim() === '' ? [] : [[name, address.join('=')]];
}

function told({ path, message }: { path: PropertyKey[]; message: string }): string {
  return [...path.map(String), message].join(' ');
}
