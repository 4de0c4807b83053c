import type { LoggerService } from '@nestjs/common';
import { pino, symbols, type DestinationStream, type Logger } from 'pino';
import { describeError } from '../common/describe-error.js';
import { requestContext } from '../http/request-context.js';
import { StartFault } from '../common/start-fault.js';
import { standardOutput } from './log-stream.js';

export type { Logger };

/** Nest contexts that log every created module and mapped route at startup. */
const STARTUP_CONTEXTS = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

let lastTime = 0;
let lastTimestamp = '';

/** The time as text, made once for each millisecond: many lines are of the same. */
function timestamp(): string {
  const now = Date.now();
  if (now !== lastTime) {
    lastTime = now;
    lastTimestamp = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastTimestamp;
}

/**
 * The logger: JSON lines with the id of the current request. Bodies, queries and headers are never logged.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const context = requestContext();
      return context ? { requestId: context.requestId } : {};
    },
  };
  return pino(options, destination ?? standardOutput());
}

/**
 * Writes lines of the level `info` as the logger does, without the objects that it makes for its mixin: for the line of
 * each request, which knows its request.
 */
export function infoLines(logger: Logger): (fields: object) => void {
  const stream = (logger as unknown as Readonly<Record<symbol, DestinationStream>>)[symbols.streamSym];
  if (!stream) throw new Error('a logger without a destination');
  return (fields) => {
    if (!logger.isLevelEnabled('info')) return;
    stream.write(`{"level":"info"${timestamp()},${JSON.stringify(fields).slice(1)}\n`);
  };
}

/**
 * Nest's LoggerService on pino. A message is a text or an object of fields; the last argument is the context.
 */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    this.write(STARTUP_CONTEXTS.has(context ?? '') ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // Nest logs it with a stack trace before the start fails. The message follows on stderr as one line.
    if (message instanceof StartFault) return;
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = contextOf(rest);
    this.pino[level]({ ...(context === null ? {} : { context }), ...fieldsOf(message) });
  }
}

/**
 * Only selected fields of an error are logged: it may carry its context, for example a request with secrets.
 */
function fieldsOf(message: unknown): object {
  if (message instanceof Error) return { error: describeError(message) };
  return typeof message === 'object' && message !== null ? message : { msg: String(message) };
}

function contextOf(rest: readonly unknown[]): string | null {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : null;
}
