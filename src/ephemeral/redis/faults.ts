import { ReplyError } from 'ioredis';

/** No reply within the deadline: the command may have been executed. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor() {
    super('no answer in time');
  }
}

/** There is no connection to send on: the command was certainly not executed. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** What waiting does not mend: a wrong password, a missing permission, another kind of server. */
export class LastingFault extends Error {
  override readonly name = 'LastingFault';
}

/** What an error reply says of the server. The command was not executed. */
export interface ReplyVerdict {
  /**
   * `now`: another server has the role, or this one is not up; nothing more is sent on this connection. `slowly`: it
   * cannot write, and may have been replaced behind its name; a new connection is tried now and then.
   */
  readonly renew: 'now' | 'slowly' | 'never';
  /** Whether the command may succeed a moment later, or elsewhere. */
  readonly again: boolean;
  /** What an operator reads. */
  readonly reason: string;
}

const VERDICTS: ReadonlyMap<string, ReplyVerdict> = new Map(
  Object.entries({
    READONLY: { renew: 'now', again: true, reason: 'it is a replica and takes no writes' },
    LOADING: { renew: 'now', again: true, reason: 'it is loading its data' },
    MASTERDOWN: { renew: 'now', again: true, reason: 'it is a replica without its primary' },
    CLUSTERDOWN: { renew: 'slowly', again: true, reason: 'the cluster is down' },
    TRYAGAIN: { renew: 'never', again: true, reason: 'a slot is being moved' },
    NOREPLICAS: { renew: 'slowly', again: true, reason: 'it has too few replicas to take writes' },
    MISCONF: { renew: 'slowly', again: true, reason: 'it cannot save to disk and takes no writes' },
    BUSY: { renew: 'slowly', again: true, reason: 'it is busy with a script' },
    UNKILLABLE: { renew: 'slowly', again: true, reason: 'it is busy with a script that has written' },
    NOAUTH: { renew: 'slowly', again: false, reason: 'it asks for a password' },
    NOPERM: { renew: 'slowly', again: false, reason: 'its ACL has changed' },
    OOM: { renew: 'never', again: false, reason: 'its memory is full (maxmemory)' },
  } as const satisfies Record<string, ReplyVerdict>),
);

/** @returns `null` for what is no error reply of a server's state */
export function verdictOf(error: unknown): ReplyVerdict | null {
  return VERDICTS.get(replyCode(error) ?? '') ?? null;
}

/** The first word of an error reply, also of one that a script met; `null` for other errors. */
export function replyCode(error: unknown): string | null {
  if (!(error instanceof Error) || !isReplyError(error)) return null;
  const [, inScript] = /^ERR Error running script.*?: ?-([A-Z]+) /.exec(error.message) ?? [];
  return inScript ?? error.message.split(' ', 1)[0] ?? null;
}

/** Where a cluster says that a key is; `ask` for this command alone. */
export function redirection(error: unknown): { readonly address: string; readonly ask: boolean } | null {
  const code = replyCode(error);
  if ((code !== 'MOVED' && code !== 'ASK') || !(error instanceof Error)) return null;
  const address = error.message.split(' ')[2];
  return address === undefined ? null : { address, ask: code === 'ASK' };
}

/**
 * What a handshake that was refused says: a lasting fault where the operator has to act.
 * @param command that was refused, in upper case
 */
export function handshakeFault(command: string, error: unknown): Error {
  const text = error instanceof Error ? error.message.slice(0, 200) : String(error);
  switch (replyCode(error)) {
    case 'WRONGPASS':
      return new LastingFault('the user or the password in REDIS_URL is wrong');
    case 'NOAUTH':
      return new LastingFault('it asks for a password, and REDIS_URL has none');
    case 'NOPERM':
      return new LastingFault(`its ACL does not let the user of REDIS_URL do what is needed (${text})`);
    case 'DENIED':
      return new LastingFault('it is in protected mode and takes connections from its own machine only');
    case 'MOVED':
      return new LastingFault(CLUSTER_NODE);
    case 'ERR':
      if (/unknown command/i.test(text)) return new LastingFault(unknownCommand(command));
      if (command === 'SELECT') return new LastingFault(`it refuses the database of REDIS_URL (${text})`);
      break;
  }
  return error instanceof Error ? error : new Error(text);
}

/** A plain URL that leads to a cluster would find some keys and not others. */
export const CLUSTER_NODE = 'it is a node of a cluster: write redis+cluster://host:port in REDIS_URL';

function unknownCommand(command: string): string {
  if (command === 'GETDEL') return 'it has no GETDEL, so it is older than Redis 6.2';
  if (command === 'SENTINEL') return 'it is no sentinel: write redis://host:port in REDIS_URL';
  return `it does not know the command ${command}`;
}

const TLS_FAULT = /^(ERR_TLS_|ERR_SSL_|CERT_|EPROTO$|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;

/** What a connection that did not come about says. */
export function connectFault(error: unknown): Error {
  const code = codeOf(error);
  if (code !== null && TLS_FAULT.test(code)) {
    return new LastingFault(
      code === 'EPROTO' || code.startsWith('ERR_SSL_')
        ? 'it does not speak TLS, which REDIS_URL asks for'
        : `its TLS certificate is refused (${code})`,
    );
  }
  return error instanceof Error ? error : new Error(describe(error));
}

/** Whether a connection did not come about in its time. */
export function isLate(error: unknown): boolean {
  return error instanceof NoAnswer || codeOf(error) === 'ETIMEDOUT';
}

/** Whether the server has ended the connection under a command. */
export function isEnded(error: unknown): boolean {
  return error instanceof Error && error.message === CLIENT_CLOSED;
}

/** An error in a few words, without what was sent. */
export function describe(error: unknown): string {
  const verdict = verdictOf(error);
  if (verdict) return verdict.reason;
  const code = codeOf(error);
  if (code !== null) return code;
  const text = (error instanceof Error ? error.message : String(error)).slice(0, 200);
  return text === CLIENT_CLOSED ? 'it closed the connection' : text;
}

/** What the client says of commands whose connection has ended. */
const CLIENT_CLOSED = 'Connection is closed.';

/** The code of a system error; of the first, where several addresses of a name were tried. */
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function isReplyError(error: Error): boolean {
  return error instanceof (ReplyError as new () => Error);
}
