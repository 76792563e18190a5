import { expect, it } from 'vitest';
import { localPath } from './local-path.js';

it.each(['/approvals/apr_1', '/sessions?decision=deny&identity=a%3Ab', '/'])('goes on to %s', (path) => {
  expect(localPath(path)).toBe(path);
});

it.each([
  null,
  '',
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/a\\b',
  'javascript:alert(1)',
  '/\t/x',
  '/sign-in',
])('does not go on to %s', (path) => {
  expect(localPath(path)).toBe('/');
});
