/** A browser's way through redirects and forms without one: cookies by origin, no scripts. */
export class PlainBrowser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** The cookies that it would send there, as a header. */
  cookies(url: string): string {
    const jar = this.#cookies.get(new URL(url).hostname) ?? new Map<string, string>();
    return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  cookie(url: string, name: string): string | undefined {
    return this.#cookies.get(new URL(url).hostname)?.get(name);
  }

  plant(url: string, name: string, value: string): void {
    const { hostname } = new URL(url);
    const jar = this.#cookies.get(hostname) ?? new Map<string, string>();
    this.#cookies.set(hostname, jar.set(name, value));
  }

  forget(): void {
    this.#cookies.clear();
  }

  /** One request, no redirect followed. */
  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = this.cookies(url);
    const headers = { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) };
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) this.#take(url, line);
    return answer;
  }

  /** Follows redirects to where a page is, or to the first address that `until` names without asking it. */
  async open(url: string, init: RequestInit = {}, until?: (url: string) => boolean): Promise<Landed> {
    let [at, how] = [url, init];
    for (let hops = 0; hops < 20; hops++) {
      if (until?.(at)) return { url: at, status: 0, html: '' };
      const answer = await this.ask(at, how);
      const location = answer.headers.get('location');
      if (answer.status < 300 || answer.status > 399 || location === null)
        return { url: at, status: answer.status, html: await answer.text() };
      await answer.body?.cancel();
      [at, how] = [new URL(location, at).href, {}];
    }
    throw new Error(`too many redirects: ${at}`);
  }

  /** Presses a button of a landed page's form: its hidden fields, and the button's own. */
  async submit(
    landed: Landed,
    fields: Record<string, string> = {},
    until?: (url: string) => boolean,
  ): Promise<Landed> {
    const [, action] = /<form[^>]* action="([^"]*)"/.exec(landed.html) ?? [];
    if (action === undefined) throw new Error(`no form at ${landed.url}: ${landed.html}`);
    const hidden = [...landed.html.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    const body = new URLSearchParams([
      ...hidden.map(([, name = '', value = '']): [string, string] => [name, value]),
      ...Object.entries(fields),
    ]);
    return this.open(new URL(action, landed.url).href, { method: 'POST', body }, until);
  }

  #take(url: string, line: string): void {
    const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
    const gone = /max-age=0|expires=Thu, 01 Jan 1970/i.test(line);
    const jar = this.#cookies.get(new URL(url).hostname) ?? new Map<string, string>();
    if (gone) jar.delete(name);
    else jar.set(name, value);
    this.#cookies.set(new URL(url).hostname, jar);
  }
}

export interface Landed {
  readonly url: string;
  /** 0 where it stopped before asking. */
  readonly status: number;
  readonly html: string;
}

export interface Me {
  readonly id: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly pageSession: { provider: string; csrf: string; idleUntil: string; endsAt: string } | null;
}

/** Signs in to pages at the development provider, with one click on a role; resolves to where it ends. */
export async function signInAs(browser: PlainBrowser, url: string, role: string, to = '/'): Promise<Landed> {
  const roles = await browser.open(`${url}/api/identity/sign-in/dev?to=${encodeURIComponent(to)}`);
  return browser.submit(roles, { role }, (at) => new URL(at).pathname === new URL(to, url).pathname);
}
