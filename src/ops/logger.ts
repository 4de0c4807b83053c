import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { describeError } from '../common/describe-error.js';
import { requestContext } from '../http/request-context.js';
import { StartFault } from '../common/start-fault.js';
import { standardOutput } from './log-stream.js';

export type { Logger };

/** Nest's own chatter at start: who was created and mapped. */
const CHATTER = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** The one logger: JSON lines with the id of the request they belong to. Bodies, queries and headers never enter it. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const context = requestContext();
      return context ? { requestId: context.requestId } : {};
    },
  };
  return pino(options, destination ?? standardOutput());
}

/** Nest's Logger on pino. A message may be text or an object of fields; the last argument is the context. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    this.write(CHATTER.has(context ?? '') ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // Nest tells of it before the start has failed, with a stack; the one line that says it follows on stderr.
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

/** An error carries what it was about, a request with its secrets for instance, as fields of its own. */
function fieldsOf(message: unknown): object {
  if (message instanceof Error) return { error: describeError(message) };
  return typeof message === 'object' && message !== null ? message : { msg: String(message) };
}

function contextOf(rest: readonly unknown[]): string | null {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : null;
}
