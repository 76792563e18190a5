import * as oidc from 'openid-client';
import { expect, it } from 'vitest';
import { isRefusal } from './oidc.failure.js';

const answered = (error: string, status = 400) =>
  new oidc.ResponseBodyError('no', { cause: { error }, response: new Response(null, { status }) });

it.each(['invalid_grant', 'access_denied', 'login_required'])('takes %s for a no', (error) =>
  expect(isRefusal(answered(error))).toBe(true),
);

it.each([
  ['our own client’s trouble', answered('invalid_client', 401)],
  ['a server that is overloaded', answered('temporarily_unavailable', 503)],
  ['a connection that broke', new TypeError('terminated')],
  ['what is no JSON', new SyntaxError('Unexpected token <')],
])('but not %s: nobody is signed out for that', (_, error) => expect(isRefusal(error)).toBe(false));
