import { timeOfId } from '#kernel';
import type { VerifierKey } from '#proof';
import { exit, CliError, usageError } from '../exit-codes.js';
import { timeOf } from '../since.js';
import type { Cli } from '../verb.js';
import { checkControl } from './control.check.js';
import { coverageOf, type Coverage } from './coverage.js';
import { checkErasures, erasureLine, ErasureTally, loadErasures, type Erasures } from './erasures.js';
import { Report } from './report.js';
import { checkLiveSession, checkSession } from './session.check.js';
import { controlRecords, sessionRecords } from './session.records.js';
import { checkSink } from './sink.check.js';
import type { SessionRecord } from './stored.rows.js';
import { loadTrees, sinkNotes, trustedKeys, type Tree } from './trees.js';

export interface VerifyOptions {
  readonly session?: string | undefined;
  readonly since?: string | undefined;
  readonly against?: string | undefined;
  readonly key?: string | undefined;
  /** Days: no erasure may have kept a session for less. */
  readonly retention?: string | undefined;
  readonly offline?: string | undefined;
}

/** Whether nothing was found. */
export async function verifyRecord(options: VerifyOptions, cli: Cli): Promise<boolean> {
  if (options.session !== undefined && options.since !== undefined)
    throw usageError('--session and --since exclude each other');
  const report = new Report(cli);
  const keys = await trustedKeys(options.key, cli);
  const trees = await verifyTrees(options, keys, cli, report);
  const coverage = coverageOf(trees, options.session, cli.now());
  const erasures = await loadErasures(trees, cli);
  const sessions = new SessionsCheck(options, { coverage, erasures }, cli, report);
  await sessions.run();
  sessions.sayExpired();
  if (options.session === undefined) await verifyControl(trees, coverage, cli, report);
  report.end();
  return report.clean;
}

async function verifyTrees(
  { against, key }: VerifyOptions,
  keys: readonly VerifierKey[],
  cli: Cli,
  report: Report,
): Promise<Tree[]> {
  // The sink's copy first: the gate's trees only grow.
  const notes = against === undefined ? undefined : await sinkNotes(against, cli);
  const { trees, findings } = await loadTrees(keys, cli);
  report.found(findings);
  if (key === undefined) report.note('keys: those that the gate names; pin them with --key');
  if (notes === undefined || notes.length === 0)
    report.note(
      'unanchored: without the checkpoints of a sink, a record that was signed anew as a whole passes',
    );
  else {
    const sink = checkSink(notes, trees, keys);
    report.found(sink.findings.filter(({ where }) => !findings.some((each) => each.where === where)));
    sink.notes.forEach((note) => report.note(note));
  }
  return trees;
}

async function verifyControl(
  trees: readonly Tree[],
  coverage: Coverage,
  cli: Cli,
  report: Report,
): Promise<void> {
  const records = () => controlRecords(cli.api('auditor').lines('/log/records/control'));
  const result = await checkControl(records, trees, coverage);
  report.control = result.events;
  report.uncovered += result.uncovered;
  report.found(result.findings);
}

class SessionsCheck {
  readonly #seen = new Set<string>();
  readonly #since: string | undefined;
  readonly #tally = new ErasureTally();
  readonly #least: number;

  constructor(
    private readonly options: VerifyOptions,
    private readonly known: { readonly coverage: Coverage; readonly erasures: Erasures },
    private readonly cli: Cli,
    private readonly report: Report,
  ) {
    this.#least = leastDays(options.retention);
    this.#since = timeOf('since', options.since, cli);
  }

  async run(): Promise<void> {
    const { session } = this.options;
    for await (const record of this.#records({ session, since: this.#since })) await this.#check(record);
    for (const id of this.known.coverage.sessions()) if (this.#isMissing(id)) this.#missing(id);
  }

  /** By which rules, and what is wrong with them. Where not everything was asked for, of what was. */
  sayExpired(): void {
    const { erasures } = this.known;
    const all = this.options.session === undefined && this.#since === undefined;
    const seen = new Map([...erasures].filter(([id]) => all || this.#tally.events(id) > 0));
    for (const [id, each] of seen)
      this.report.note(erasureLine(each, this.#tally.events(id), this.#tally.sessions(id)));
    this.report.found(checkErasures(seen, this.#least, this.cli.now()));
    if (all) this.report.found(this.#tally.check(seen));
  }

  async #check(record: SessionRecord): Promise<void> {
    if (isNothing(record) && this.known.coverage.ofSession(record.session).length === 0)
      throw new CliError(exit.notFound, `there is no session ${record.session}`, 'NOT_FOUND');
    const result = await checkLiveSession(
      record,
      this.known.coverage,
      () => this.#again(record.session),
      this.known.erasures,
    );
    this.#tally.add(record.expired);
    this.report.expired += result.expired;
    this.#seen.add(record.session);
    this.report.sessions++;
    this.report.events += result.events;
    this.report.uncovered += result.uncovered;
    this.report.found(result.findings);
    this.report.progress();
  }

  /** The store knows nothing of it, although it falls in the time that was asked for. */
  #isMissing(id: string): boolean {
    if (this.#seen.has(id)) return false;
    return this.#since === undefined || timeOfId(id) >= Date.parse(this.#since);
  }

  #missing(session: string): void {
    const record = {
      session,
      events: [],
      deadLetters: [],
      expired: [],
      statements: [],
      summary: undefined,
      view: undefined,
    };
    this.report.found(checkSession(record, this.known.coverage).findings);
  }

  async #again(session: string): Promise<SessionRecord | undefined> {
    // Whoever writes to the store may call a session anything; the gate only answers to what can be an id.
    if (!/^[\x21-\x7e]{1,128}$/.test(session)) return undefined;
    for await (const record of this.#records({ session })) return record;
    return undefined;
  }

  #records(query: {
    session?: string | undefined;
    since?: string | undefined;
  }): AsyncGenerator<SessionRecord> {
    return sessionRecords(this.cli.api('auditor').lines('/log/records', { query }));
  }
}

const isNothing = ({ events, expired, deadLetters, statements, summary, view }: SessionRecord): boolean =>
  events.length + expired.length + deadLetters.length + statements.length === 0 && !summary && !view;

/** A day, where nobody says otherwise: no rule is shorter. */
function leastDays(text = '1'): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw usageError(`--retention ${text}: expected a number of days`);
  return Number(text);
}
