import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { root } from './house.js';
import { requirePeer } from './peer.js';

/** Where pictures of pages go: artifacts, not kept in git. */
export const pictures = join(root, 'test/out/pages');

export type Theme = 'light' | 'dark';

export interface View {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
}

/** Debian's Chromium, started when it is first needed; pages of one browser share nothing but the program. */
export class TestBrowser {
  private readonly contexts: BrowserContext[] = [];
  private browser: Promise<Browser> | undefined;

  private constructor(private readonly program: string) {}

  static open(): TestBrowser {
    return new TestBrowser(requirePeer('chromium').program);
  }

  /** A page, and what its console and the content-security policy complained of. */
  async page(view: View = {}): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const context = await this.context(view);
    this.contexts.push(context);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || /content.security.policy/i.test(message.text()))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog opened: ${dialog.message()}`);
      void dialog.dismiss();
    });
    return { page, complaints };
  }

  private async context({ theme = 'light', width = 1280, height = 900 }: View): Promise<BrowserContext> {
    this.browser ??= chromium.launch({ executablePath: this.program, headless: true, args });
    return (await this.browser).newContext({
      viewport: { width, height },
      colorScheme: theme,
      locale: 'en-GB',
      timezoneId: 'Europe/Vienna',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
  }

  /** A page with cookies of its own: somebody else's browser. */
  async person(): Promise<Page> {
    const { page } = await this.page();
    page.context().setDefaultTimeout(60_000);
    return page;
  }

  /** A test that leaves pages open slows those behind it. */
  async closePages(): Promise<void> {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
  }

  async close(): Promise<void> {
    await this.closePages();
    await (await this.browser)?.close();
    this.browser = undefined;
  }
}

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** A picture of what the page shows now, below test/out/pages. */
export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe calls serious or critical on the page as it is. */
export async function seriousViolations(page: Page): Promise<string[]> {
  // Through the debugger's own channel: the page's policy would refuse a script element.
  await page.evaluate(axeSource);
  const found = await page.evaluate<Violation[]>('axe.run().then((result) => result.violations)');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
    );
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
