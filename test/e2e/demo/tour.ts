import { join } from 'node:path';
import { root, run, type Ran, type TestHouse } from '../../support/house.js';
import { Agent } from './agent.js';
import type { Screen } from './screen.js';

/** One stop of the tour. It throws where something does not hold. */
export interface Step {
  readonly title: string;
  readonly why: string;
  run(tour: Tour): Promise<void>;
}

/** What the steps share: a running house, a screen, and the agent's session, the same from first to last. */
export class Tour {
  private session: Agent | undefined;

  constructor(
    readonly house: TestHouse,
    readonly screen: Screen,
  ) {}

  get agent(): Agent {
    if (!this.session) throw new Error('the agent is not connected');
    return this.session;
  }

  async connect(): Promise<void> {
    this.session = await Agent.connect(this.house, this.screen);
  }

  async disconnect(): Promise<void> {
    await this.session?.close();
    this.session = undefined;
  }

  /** Shows a line of the command, runs it, shows what it printed. */
  async weir(
    args: readonly string[],
    show: { token?: string; as?: string; most?: number } = {},
  ): Promise<Ran> {
    const prefix = show.token === undefined ? '' : `WEIR_TOKEN=${show.as} `;
    this.screen.typed('$', `${prefix}./weir ${args.map(quoted).join(' ')}`);
    const { url, dataDir } = this.house;
    const own = { WEIR_URL: url, WEIR_DATA: dataDir, NO_COLOR: '1', WEIR_TOKEN: show.token ?? '' };
    const program = [join(root, 'dist/services/cli/main.js'), ...args];
    const command = run(process.execPath, program, { env: { ...process.env, ...own } });
    const ran = await this.screen.during('the command runs', command);
    this.screen.came(`${ran.stdout}${ran.stderr}`, show.most);
    return ran;
  }
}

/** As a shell wants it. */
function quoted(arg: string): string {
  return /^[\w./:=-]+$/.test(arg) ? arg : `"${arg.replaceAll('"', String.raw`\"`)}"`;
}
