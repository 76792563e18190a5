import pg from 'pg';
import type { TestHouse } from '../../support/house.js';
import { table, type Screen } from './screen.js';

export interface Answer {
  readonly columns: readonly string[];
  /** As text, as they came over the wire. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** `UPDATE 1`, `ROLLBACK`; empty where there is an error. */
  readonly tag: string;
  readonly notices: readonly Message[];
  readonly error: Message | undefined;
}

/** What a notice or an error says. */
export interface Message {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

/** An agent with its native client, node-postgres: it knows nothing of Weirkeeper but host, port and its token. */
export class Agent {
  private notices: Message[] = [];
  private inTransaction = '';
  private onNotice: (notice: Message) => void = () => undefined;

  private constructor(
    private readonly client: pg.Client,
    private readonly screen: Screen,
  ) {
    client.on('notice', (notice) => {
      const message = messageOf(notice);
      this.notices.push(message);
      this.onNotice(message);
    });
    client.on('error', () => undefined);
  }

  static async connect(house: TestHouse, screen: Screen): Promise<Agent> {
    const values = await house.client('demo');
    const client = new pg.Client({
      ...values,
      application_name: 'refund-agent',
      connectionTimeoutMillis: 20_000,
    });
    const agent = new Agent(client, screen);
    await client.connect();
    return agent;
  }

  /** Shows the line, runs it, shows what came back. */
  async run(text: string, shownRows = 5): Promise<Answer> {
    this.screen.typed(`demo=${this.inTransaction}>`, `${text};`);
    const answer = await this.ask(text);
    this.show(answer, shownRows);
    return answer;
  }

  /** Shows the line and sends it; `held` resolves at the first notice, `answer` when it is over. */
  send(text: string): { held: Promise<Message>; answer: Promise<Answer> } {
    this.screen.typed(`demo=${this.inTransaction}>`, `${text};`);
    const answer = this.ask(text);
    const held = new Promise<Message>((resolve, reject) => {
      this.onNotice = resolve;
      answer.then(({ error, tag }) => reject(new Error(`it was not held: ${error?.message ?? tag}`)), reject);
    });
    held.catch(() => undefined);
    return { held, answer };
  }

  show(answer: Answer, shownRows = 5): void {
    const { rows, columns, tag, error } = answer;
    const lines = answer.notices.map(({ message }) => `NOTICE:  ${message}`);
    if (rows.length > 0) lines.push(table(columns, rows.slice(0, shownRows)));
    if (rows.length > shownRows) lines.push(`… ${rows.length} rows in all`);
    if (error) lines.push(...errorLines(error));
    else if (rows.length === 0) lines.push(tag);
    this.screen.came(lines.join('\n'));
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }

  /** Runs it and shows nothing. */
  async ask(text: string): Promise<Answer> {
    this.notices = [];
    const columns: string[] = [];
    const rows: (string | null)[][] = [];
    const outcome = await this.outcome(text, columns, rows);
    this.follow(text, outcome.tag, outcome.error !== undefined);
    return { columns, rows, notices: this.notices, ...outcome };
  }

  /** Row by row: what came before an error came. */
  private outcome(text: string, columns: string[], rows: (string | null)[][]) {
    const config = { text, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } };
    const query = new pg.Query(config as unknown as pg.QueryConfig);
    query.on('row', (row: unknown, result) => {
      if (columns.length === 0 && result) columns.push(...result.fields.map(({ name }) => name));
      rows.push(row as (string | null)[]);
    });
    return new Promise<{ tag: string; error: Message | undefined }>((resolve) => {
      query.on('end', ({ command, rowCount }) =>
        resolve({ tag: tagOf(command, rowCount), error: undefined }),
      );
      query.on('error', (error) => resolve({ tag: '', error: messageOf(error) }));
      this.client.query(query);
    });
  }

  /** psql's prompt tells whether a transaction is open (*) or failed (!). */
  private follow(text: string, tag: string, failed: boolean): void {
    if (/^(COMMIT|ROLLBACK)/.test(tag)) this.inTransaction = '';
    else if (/^BEGIN/i.test(text)) this.inTransaction = '*';
    else if (failed && this.inTransaction) this.inTransaction = '!';
  }
}

function tagOf(command: string, rowCount: number | null): string {
  return rowCount === null || ['BEGIN', 'COMMIT', 'ROLLBACK'].includes(command)
    ? command
    : `${command} ${rowCount}`;
}

function errorLines({ message, detail, hint, code }: Message): string[] {
  return [
    `ERROR:  ${message}`,
    ...(detail ? [`DETAIL:  ${detail}`] : []),
    ...(hint ? [`HINT:  ${hint}`] : []),
    `SQLSTATE: ${code}`,
  ];
}

function messageOf(from: unknown): Message {
  const { code = '', message = '', detail = '', hint = '' } = from as Partial<Message>;
  return { code, message, detail, hint };
}
