import type { ProviderPlan } from './provider.plan.js';

/** Everything that a page may do: our stylesheet, and forms to us and onwards to a command's loopback listener. */
export const pagePolicy = [
  "default-src 'none'",
  "style-src 'self'",
  // Browsers ask this of each redirect after a form, too.
  "form-action 'self' http://127.0.0.1:* http://localhost:*",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

export const stylesheetPath = '/page.css';

export const stylesheet = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 26rem; margin: 12vh auto 0; padding: 0 1rem; }
h1 { font-size: 1.25rem; }
button { font: inherit; padding: 0.6rem 0.8rem; border: 1px solid currentcolor; border-radius: 0.4rem;
  background: transparent; color: inherit; cursor: pointer; }
button:hover, button:focus-visible { background: canvastext; color: canvas; }
.roles button { display: flex; justify-content: space-between; width: 100%; margin: 0 0 0.5rem; }
input { font: inherit; padding: 0.6rem; letter-spacing: 0.1em; }
small { opacity: 0.75; }
`;

/** One button a role. */
export function rolePage(plan: ProviderPlan, uid: string): string {
  const buttons = plan.clients.map(
    ({ role, does }) =>
      `<button name="role" value="${role}"><span>${role}</span> <small>${does}</small></button>`,
  );
  const action = `${plan.path}/interaction/${encodeURIComponent(uid)}`;
  return page(
    plan,
    'Sign in as',
    `<form class="roles" method="post" action="${action}">${buttons.join('\n')}</form>
<p><small>This is the development provider: it asks no password, and runs only on this machine.</small></p>`,
  );
}

/** Attributes that are scripts; or a value, which is to be passed over whole, since it may look like one. */
const handlers = /("[^"]*")|\son[a-z]+="[^"]*"/g;

/** Around what the library gives as a form; its inline handlers and scripts, which the policy stops, are cut out. */
export function page({ path }: Pick<ProviderPlan, 'path'>, title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><link rel="stylesheet" href="${path}${stylesheetPath}"></head>
<body><main><h1>${escaped(title)}</h1>
${body.replace(handlers, (text, value?: string) => value ?? '')}
</main></body>
</html>
`;
}

/** The library's self-submitting form, with a button in the script's place. */
export function withButton(plan: Pick<ProviderPlan, 'path'>, html: string): string {
  const [form] = /<form[^]*<\/form>/.exec(html) ?? [];
  const button = '<button autofocus type="submit">Continue</button>';
  return form === undefined
    ? html
    : page(plan, 'Continue', form.replace(/<noscript>[^]*<\/noscript>/, button));
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
