import { ReplyError } from 'ioredis';

/** No reply arrived within the deadline. The command may have been executed. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor() {
    super('no answer in time');
  }
}

/** There is no connection. The command was certainly not executed. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** A fault that a retry cannot fix: a wrong password, a missing permission, another kind of server. */
export class PermanentFault extends Error {
  override readonly name = 'PermanentFault';
}

/** What an error reply means for the connection. The command was not executed. */
export interface ReplyVerdict {
  /**
   * When to open a new connection. `now`: the server is no longer the primary, or is not up yet; the
   * connection is not used again. `slowly`: the server cannot write and may have been replaced behind its
   * name; a new connection is opened once in a while.
   */
  readonly renew: 'now' | 'slowly' | 'never';
  /** Whether a retry may succeed shortly, here or on another server. */
  readonly retriable: boolean;
  /** The reason in words for the operator. */
  readonly reason: string;
}

const VERDICTS: ReadonlyMap<string, ReplyVerdict> = new Map(
  Object.entries({
    READONLY: { renew: 'now', retriable: true, reason: 'it is a replica and takes no writes' },
    LOADING: { renew: 'now', retriable: true, reason: 'it is loading its data' },
    MASTERDOWN: { renew: 'now', retriable: true, reason: 'it is a replica without its primary' },
    CLUSTERDOWN: { renew: 'slowly', retriable: true, reason: 'the cluster is down' },
    TRYAGAIN: { renew: 'never', retriable: true, reason: 'a slot is being moved' },
    NOREPLICAS: { renew: 'slowly', retriable: true, reason: 'it has too few replicas to take writes' },
    MISCONF: { renew: 'slowly', retriable: true, reason: 'it cannot save to disk and takes no writes' },
    BUSY: { renew: 'slowly', retriable: true, reason: 'it is busy with a script' },
    UNKILLABLE: { renew: 'slowly', retriable: true, reason: 'it is busy with a script that has written' },
    NOAUTH: { renew: 'slowly', retriable: false, reason: 'it asks for a password' },
    NOPERM: { renew: 'slowly', retriable: false, reason: 'its ACL has changed' },
    OOM: { renew: 'never', retriable: false, reason: 'its memory is full (maxmemory)' },
  } as const satisfies Record<string, ReplyVerdict>),
);

/** @returns `null` if the error is not an error reply about the server's state */
export function verdictOf(error: unknown): ReplyVerdict | null {
  return VERDICTS.get(replyCode(error) ?? '') ?? null;
}

/** The first word of an error reply, also if a script caused it. `null` for other errors. */
export function replyCode(error: unknown): string | null {
  if (!(error instanceof Error) || !isReplyError(error)) return null;
  const [, inScript] = /^ERR Error running script.*?: ?-([A-Z]+) /.exec(error.message) ?? [];
  return inScript ?? error.message.split(' ', 1)[0] ?? null;
}

/** The node that a cluster redirects a key to. `ask` redirects only this command. */
export function redirection(error: unknown): { readonly address: string; readonly ask: boolean } | null {
  const code = replyCode(error);
  if ((code !== 'MOVED' && code !== 'ASK') || !(error instanceof Error)) return null;
  const address = error.message.split(' ')[2];
  return address === undefined ? null : { address, ask: code === 'ASK' };
}

/**
 * Converts an error of the handshake. It becomes a permanent fault if the operator has to act.
 * @param command the refused command, in upper case
 */
export function handshakeFault(command: string, error: unknown): Error {
  const text = error instanceof Error ? error.message.slice(0, 200) : String(error);
  switch (replyCode(error)) {
    case 'WRONGPASS':
      return new PermanentFault('the user or the password in REDIS_URL is wrong');
    case 'NOAUTH':
      return new PermanentFault('it asks for a password, and REDIS_URL has none');
    case 'NOPERM':
      return new PermanentFault(`its ACL does not let the user of REDIS_URL do what is needed (${text})`);
    case 'DENIED':
      return new PermanentFault('it is in protected mode and takes connections from its own machine only');
    case 'MOVED':
      return new PermanentFault(CLUSTER_NODE);
    case 'ERR':
      if (/unknown command/i.test(text)) return new PermanentFault(unknownCommand(command));
      if (command === 'SELECT') return new PermanentFault(`it refuses the database of REDIS_URL (${text})`);
      break;
  }
  return error instanceof Error ? error : new Error(text);
}

/** A plain URL that leads to a cluster node would find only some of the keys. */
export const CLUSTER_NODE = 'it is a node of a cluster: write redis+cluster://host:port in REDIS_URL';

function unknownCommand(command: string): string {
  if (command === 'GETDEL') return 'it has no GETDEL, so it is older than Redis 6.2';
  if (command === 'SENTINEL') return 'it is no sentinel: write redis://host:port in REDIS_URL';
  return `it does not know the command ${command}`;
}

const TLS_FAULT = /^(ERR_TLS_|ERR_SSL_|CERT_|EPROTO$|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;

/** Converts the error of a connection attempt. */
export function connectFault(error: unknown): Error {
  const code = codeOf(error);
  if (code !== null && TLS_FAULT.test(code)) {
    return new PermanentFault(
      code === 'EPROTO' || code.startsWith('ERR_SSL_')
        ? 'it does not speak TLS, which REDIS_URL asks for'
        : `its TLS certificate is refused (${code})`,
    );
  }
  return error instanceof Error ? error : new Error(describe(error));
}

/** Whether a connection attempt timed out. */
export function isConnectTimeout(error: unknown): boolean {
  return error instanceof NoAnswer || codeOf(error) === 'ETIMEDOUT';
}

/** Whether the server closed the connection during a command. */
export function isConnectionClosed(error: unknown): boolean {
  return error instanceof Error && error.message === CLIENT_CLOSED;
}

/** Describes an error in a few words, without the command's arguments. */
export function describe(error: unknown): string {
  const verdict = verdictOf(error);
  if (verdict) return verdict.reason;
  const code = codeOf(error);
  if (code !== null) return code;
  const text = (error instanceof Error ? error.message : String(error)).slice(0, 200);
  return text === CLIENT_CLOSED ? 'it closed the connection' : text;
}

/** The client's message for commands whose connection was closed. */
const CLIENT_CLOSED = 'Connection is closed.';

/** The code of a system error. If several addresses of a name failed, the code of the first. */
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function isReplyError(error: Error): boolean {
  return error instanceof (ReplyError as new () => Error);
}
