import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

/** An address of a host, as `dns.lookup` gives it. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name; rejects as `dns.lookup` does. */
export type ResolveName = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/**
 * Host names for outgoing calls. `getaddrinfo` occupies one of two threads that Node keeps for names, for 10 s or
 * more where the resolver is silent, and cannot be cancelled. So one name is looked up at a time and callers of the
 * same name share the answer: the other thread stays free for the database and Redis.
 *
 * There is no deadline in here: the caller stops waiting at its own.
 */
export class HostNames {
  private readonly waiting = new Map<string, Promise<readonly ResolvedAddress[]>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly resolveName: ResolveName = resolveBySystem) {}

  /** All addresses of a host name. */
  resolve(hostname: string): Promise<readonly ResolvedAddress[]> {
    const shared = this.waiting.get(hostname);
    if (shared) return shared;
    const answer = this.last.then(() => this.resolveName(hostname));
    this.last = answer.then(
      () => this.waiting.delete(hostname),
      () => this.waiting.delete(hostname),
    );
    this.waiting.set(hostname, answer);
    return answer;
  }

  /** The same for `net.connect`. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.resolve(hostname).then(
      (addresses) => answerLookup(addresses, options.all === true, callback),
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

/** A lookup that answers addresses that are known already, whatever it is asked for. */
export function pinnedTo(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_hostname, options, callback) => answerLookup(addresses, options.all === true, callback);
}

function answerLookup(
  addresses: readonly ResolvedAddress[],
  all: boolean,
  callback: Parameters<LookupFunction>[2],
): void {
  const [first] = addresses;
  if (all || !first) callback(null, [...addresses]);
  else callback(null, first.address, first.family);
}

function resolveBySystem(hostname: string): Promise<readonly ResolvedAddress[]> {
  return lookup(hostname, { all: true });
}

/**
 * Names for pictures and webhooks. They have a queue of their own: a receiver whose name does not resolve holds up no
 * login.
 */
export const backgroundNames = new HostNames();
