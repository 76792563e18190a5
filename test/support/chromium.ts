import { chromium, type Browser, type Page } from 'playwright-core';
import { requirePeer } from './peer.js';

/** No traffic of its own, and nothing that needs a desktop. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** This machine's Chromium, headless, with a new and empty profile. */
export class Chromium {
  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<Chromium> {
    const executablePath = requirePeer('chromium').program;
    return new Chromium(await chromium.launch({ executablePath, headless: true, args, timeout: 60_000 }));
  }

  /** A page with cookies of its own: somebody else's browser. */
  async person(): Promise<Page> {
    const context = await this.browser.newContext();
    context.setDefaultTimeout(60_000);
    return context.newPage();
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }
}
