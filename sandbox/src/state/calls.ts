/** One call of an endpoint, without anything secret: no code, token, secret, session_key or query. */
export interface CallEntry {
  /** The route, e.g. `/sns/jscode2session`. */
  endpoint: string;
  method: string;
  /** ISO 8601 UTC, by the sandbox's clock. */
  at: string;
  /** The AppID in the call, or that of its token; null if neither is known. */
  appId: string | null;
  /** The HTTP status of the reply; null until there is one (a hung or reset call never has one). */
  status: number | null;
  /** The errcode of the reply; 0 for success, null for a reply without errcode. */
  errcode: number | null;
  /** The kind of fault that was played, if any. */
  fault: string | null;
}

const MOST_CALLS = 20_000;

/** The log of calls since the start or the last reset. When it is full, the oldest entries are dropped. */
export class CallLog {
  private entries: CallEntry[] = [];

  add(entry: CallEntry): void {
    // Cut in bulk: shifting one by one would cost more than the calls of a load test.
    if (this.entries.length >= MOST_CALLS * 2) this.entries = this.entries.slice(MOST_CALLS);
    this.entries.push(entry);
  }

  /** The calls in order, of one endpoint or of all. */
  of(endpoint?: string): CallEntry[] {
    return endpoint ? this.entries.filter((entry) => entry.endpoint === endpoint) : [...this.entries];
  }

  reset(): void {
    this.entries = [];
  }
}
