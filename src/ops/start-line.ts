import { StartFault } from '../common/start-fault.js';

/** Messages for faults that the operator can fix, by system error code. */
const LINES: Readonly<Record<string, (fault: SystemFault) => string>> = {
  EADDRINUSE: () => 'The port is taken: set PORT, or stop what listens there.',
  EADDRNOTAVAIL: ({ address }) => `HOST ${String(address)} is no address of this machine.`,
  ENOTFOUND: ({ hostname }) => `HOST ${String(hostname)} cannot be resolved to an address.`,
  EAI_AGAIN: ({ hostname }) => `HOST ${String(hostname)} cannot be resolved to an address.`,
  EMFILE: () => 'There are too few file descriptors: raise the limit (ulimit -n).',
  ENFILE: () => 'The machine has no file descriptors left.',
  EACCES: ({ port, path }) =>
    path === undefined
      ? `PORT ${String(port)} may not be opened by this user: take one above 1023, or give the process CAP_NET_BIND_SERVICE.`
      : `${path} may not be read or written by this user.`,
  EPERM: ({ path }) => `${String(path)} may not be read or written by this user.`,
  EROFS: ({ path }) => `${String(path)} is on a file system that takes no writes.`,
  ENOSPC: ({ path }) => `There is no room left on the disk of ${path ?? 'the working directory'}.`,
  EDQUOT: ({ path }) => `There is no room left in the quota of ${path ?? 'the working directory'}.`,
  ENOTDIR: ({ path }) => `${String(path)} goes through a file that is no folder.`,
};

interface SystemFault {
  readonly code: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string;
}

/**
 * The message on stderr for a failed start: one line if the operator can fix it, otherwise the stack trace.
 */
export function startLine(error: unknown): string {
  if (error instanceof StartFault) return error.message;
  if (!(error instanceof Error)) return String(error);
  const line = 'code' in error ? LINES[String(error.code)]?.(error as Error & SystemFault) : undefined;
  return line ?? error.stack ?? error.message;
}
