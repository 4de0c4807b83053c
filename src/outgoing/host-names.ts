import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

/** An address of a host, as `dns.lookup` answers it. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name; rejects as `dns.lookup` does. */
export type ResolveName = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/**
 * Resolves host names for outgoing calls, one at a time; callers of the same name share the answer. `getaddrinfo`
 * blocks one of the two threads that Node has for names, for 10 s or more where the resolver does not answer, and
 * cannot be cancelled: the other thread stays free for the database and Redis. There is no deadline: callers have one.
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
  readonly lookup = lookupBy((hostname) => this.resolve(hostname));
}

/** A lookup for `net.connect`, which connects to the addresses that `resolve` answers. */
export function lookupBy(resolve: ResolveName): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (all === true || !first) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

function resolveBySystem(hostname: string): Promise<readonly ResolvedAddress[]> {
  return lookup(hostname, { all: true });
}

/** Names for pictures and webhooks, in a queue of their own: a name that does not resolve delays no login. */
export const backgroundNames = new HostNames();
