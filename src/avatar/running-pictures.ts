import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { networkArguments, systemEnvironment } from '../config/system-environment.js';
import { AvatarFault } from './avatar-fault.js';
import type { EncodedAvatar } from './avatar-sizes.js';
import {
  CPU_LIMIT_SIGNAL,
  type PictureOrder,
  type PictureReply,
  type PictureRequest,
  type PictureSettings,
} from './picture-messages.js';
import { START_MS } from './picture-limits.js';
import type { PictureProgram } from './picture-program.js';

/** Memory of the program's own objects (MB). Pixels and files are outside of it, and bounded by their limits. */
const HEAP_MB = 64;

/** Signals of a program that fails by itself. Any other one was sent: the kernel ends a process when memory runs out. */
const OF_A_CRASH: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGSYS',
  'SIGTRAP',
  CPU_LIMIT_SIGNAL,
]);

/** What the end of the process means for an order: its picture is to blame, or was only at hand, or waited. */
export type EndCause = 'decoder' | 'killed' | 'waiting';

/** The process ended before it had carried out an order. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';

  constructor(readonly endCause: EndCause) {
    super('the picture process ended');
  }
}

interface Pending {
  readonly resolve: (pictures: readonly EncodedAvatar[]) => void;
  readonly reject: (error: Error) => void;
}

/** One picture process, from its start to its end. It does not keep the service from ending, and ends with it. */
export class RunningPictures {
  /** Rejects where the process cannot be started. */
  readonly ready: Promise<void>;
  private readonly child: ChildProcess | null;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private decoding: number | null = null;
  private limit: NodeJS.Timeout | undefined;
  private isReady = false;
  /** A process that hangs does not notice that the service has ended. */
  private readonly onExit = (): void => this.end();
  private isEnding = false;

  /** @param onEnd called with the exit code or signal, or with `null` where it was not ready, or the service ended it */
  constructor(
    private readonly program: PictureProgram,
    settings: PictureSettings,
    private readonly onEnd: (how: string | null) => void,
  ) {
    const { promise, resolve, reject } = deferred();
    this.ready = promise;
    this.child = started(program.path, reject);
    if (!this.child) return;
    const { child } = this;
    this.limit = setTimeout(() => child.kill('SIGKILL'), START_MS).unref();
    process.once('exit', this.onExit);
    child.on('error', (error) => {
      reject(error);
      // Node reports a process that could not be started here alone.
      if (child.pid === undefined) this.ended('not started', 'killed');
    });
    child.on('exit', (code, signal) => {
      reject(new Error(`it ended (${signal ?? code})`));
      this.ended(String(signal ?? code), signal === null || OF_A_CRASH.has(signal) ? 'decoder' : 'killed');
    });
    child.on('message', (reply: PictureReply) => {
      if (reply.kind === 'ready') {
        clearTimeout(this.limit);
        this.isReady = true;
        resolve();
      } else if (reply.kind === 'broken') {
        reject(new Error(reply.reason));
        this.end();
      } else this.receive(reply);
    });
    this.send({ kind: 'settings', settings, fetchMs: program.fetchMs });
    child.unref();
    child.channel?.unref();
  }

  /**
   * @throws ProcessEnded; AvatarFault any; the reason of the signal
   */
  async carryOut(order: PictureOrder, signal: AbortSignal): Promise<readonly EncodedAvatar[]> {
    const id = ++this.lastId;
    const onAbort = (): void => {
      this.pending.get(id)?.reject(new AvatarFault('stopped'));
      this.send({ kind: 'cancel', id });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.pending.set(id, { resolve, reject });
        this.send({ kind: 'order', id, order });
      });
    } finally {
      this.pending.delete(id);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process at once: it holds nothing that could be lost. */
  end(): void {
    this.isEnding = true;
    this.child?.kill('SIGKILL');
  }

  private send(request: PictureRequest): void {
    // A failure means that the process has ended, and `exit` follows.
    if (this.child?.connected) this.child.send(request, () => undefined);
  }

  private receive(reply: Exclude<PictureReply, { kind: 'ready' | 'broken' }>): void {
    if (reply.kind === 'decoding') {
      this.decoding = reply.id;
      this.limit = setTimeout(() => this.giveUpDecoding(), this.program.decodingMs).unref();
      return;
    }
    if (this.decoding === reply.id) {
      this.decoding = null;
      clearTimeout(this.limit);
    }
    const pending = this.pending.get(reply.id);
    if (reply.kind === 'done') pending?.resolve(reply.pictures);
    else pending?.reject(new AvatarFault(reply.reason, reply.detail));
  }

  private giveUpDecoding(): void {
    if (this.decoding !== null) this.pending.get(this.decoding)?.reject(new AvatarFault('time'));
    this.child?.kill('SIGKILL');
  }

  /** @param cause for the picture that was being decoded */
  private ended(how: string, cause: EndCause): void {
    process.off('exit', this.onExit);
    clearTimeout(this.limit);
    this.onEnd(this.isEnding || !this.isReady ? null : how);
    for (const [id, { reject }] of this.pending) {
      reject(new ProcessEnded(id === this.decoding ? cause : 'waiting'));
    }
  }
}

/** @returns `null` where the system refuses another process; `failed` is called then */
function started(program: string, failed: (error: Error) => void): ChildProcess | null {
  const options: ForkOptions & { windowsHide: boolean } = {
    // A group and a session of its own: a signal from the terminal is for the service.
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Files as they are, not as text.
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${HEAP_MB}`, ...networkArguments()],
    // Two arenas: with one for each thread, glibc keeps several times the memory that is used.
    env: { ...systemEnvironment(), MALLOC_ARENA_MAX: '2' },
  };
  try {
    return fork(program, [], options);
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error)));
    return null;
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((...settle) => ([resolve, reject] = settle));
  // Whoever starts the process awaits it; a rejection after that changes nothing.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
