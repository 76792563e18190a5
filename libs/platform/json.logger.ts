import { Logger, type LoggerService, type LogLevel } from '@nestjs/common';
import { systemClock, type Clock } from '#kernel';

const severity: Readonly<Record<LogLevel, number>> = {
  verbose: 10,
  debug: 20,
  log: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};
/** Nest's own start-up chatter, one line a route. */
const chatter = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** One JSON object a line on stderr: time, level, context, message and what else was given. */
export class JsonLogger implements LoggerService {
  constructor(
    private readonly level: LogLevel = 'log',
    private readonly clock: Clock = systemClock,
    private readonly write: (line: string) => void = (line) => process.stderr.write(line),
  ) {}

  log = (message: unknown, ...rest: unknown[]) => this.#line('log', message, rest);
  warn = (message: unknown, ...rest: unknown[]) => this.#line('warn', message, rest);
  error = (message: unknown, ...rest: unknown[]) => this.#line('error', message, rest);
  fatal = (message: unknown, ...rest: unknown[]) => this.#line('fatal', message, rest);
  debug = (message: unknown, ...rest: unknown[]) => this.#line('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]) => this.#line('verbose', message, rest);

  /** Nest passes the context last, and on errors a stack before it. */
  #line(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    const isChatter = level === 'log' && chatter.has(String(context));
    const rank = isChatter || isThrownToo(context, message) ? 'debug' : level;
    if (severity[rank] < severity[this.level]) return;
    const stack =
      level === 'error' && rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {};
    const fields =
      typeof message === 'object' && message !== null && !(message instanceof Error) ? message : { message };
    const time = new Date(this.clock.now()).toISOString();
    this.write(`${redact(JSON.stringify({ time, level, context, ...fields, ...stack }, plainErrors))}\n`);
  }
}

/**
 * The first thing that a process does: all that it logs is a JSON line, whoever logs it. Libs know no Nest and report on the
 * console; what is logged before an application is there would be Nest's own coloured text.
 */
export function logAsJson(env: NodeJS.ProcessEnv = process.env): void {
  const logger = new JsonLogger(logLevel(env));
  Logger.overrideLogger(logger);
  const told = (message: unknown, error?: unknown) => (error === undefined ? message : { message, error });
  console.error = (message: unknown, error?: unknown) => logger.error(told(message, error), 'process');
  console.warn = (message: unknown, error?: unknown) => logger.warn(told(message, error), 'process');
}

/** Nest reports what stops a start before it throws it; whoever began the start says it then. */
function isThrownToo(context: unknown, message: unknown): boolean {
  if (context === 'ExceptionHandler') return true;
  return context === 'NestApplication' && String(message).startsWith('Error: listen ');
}

/** WEIR_LOG: verbose, debug, log (the default), warn, error or fatal. */
export function logLevel(env: NodeJS.ProcessEnv = process.env): LogLevel {
  const wanted = env['WEIR_LOG'];
  return wanted !== undefined && wanted in severity ? (wanted as LogLevel) : 'log';
}

function plainErrors(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, message, stack, ...(cause === undefined ? {} : { cause }) };
}

/** A token or a password in a URL has no place in a log, whoever put it into a message. */
function redact(line: string): string {
  return line
    .replace(/eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '[token]')
    .replace(/(\w+:\/\/[^\s:@/"\\]+):[^\s@/"\\]+@/g, '$1:[secret]@');
}
