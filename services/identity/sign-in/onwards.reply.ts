import type { Onwards } from './sign-in.desk.js';

/** The parts of Fastify's reply that are used here. */
export interface Reply {
  status(code: number): Reply;
  header(name: string, value: string | readonly string[]): Reply;
  send(body?: string): unknown;
}

/** Sends the browser on, with its cookies. */
export function goOn(reply: Reply, status: 302 | 303, { to, cookies }: Onwards): void {
  reply.header('cache-control', 'no-store');
  if (cookies.length > 0) reply.header('set-cookie', cookies);
  if ('redirect' in to) return void reply.status(status).header('location', to.redirect).send();
  reply
    .status(200)
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', `default-src 'none'; form-action ${new URL(to.form.action).origin}`)
    .send(formPage(to.form.action, to.form.fields));
}

/** No script: the person presses the button. */
function formPage(action: string, fields: Readonly<Record<string, string>>): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<form method="post" action="${escaped(action)}">${inputs.join('')}<button autofocus>Continue</button></form></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
