/** How a call fails. */
export type FaultEffect =
  | { kind: 'errcode'; errcode: number; errmsg: string | null }
  | { kind: 'reply'; status: number; body: Buffer; contentType: string }
  | { kind: 'hang' }
  | { kind: 'reset' }
  | { kind: 'none' };

/** A planned failure of an endpoint. */
export interface Fault {
  /** The route, e.g. `/sns/jscode2session` or `/connect/qrcode/:uuid`. */
  endpoint: string;
  /** How many calls are left to fail. */
  times: number;
  /** The call takes effect first, and only its reply is lost or changed. */
  afterEffect: boolean;
  /** Wait before the effect below, milliseconds of real time. */
  delayMs: number;
  /** `none`: nothing but the delay. */
  effect: FaultEffect;
}

/** The planned failures, used up in the order in which they were planned. */
export class Faults {
  private planned: Fault[] = [];
  private readonly endpoints = new Set<string>();

  /** Registers a route that can fail. */
  learn(endpoint: string): void {
    this.endpoints.add(endpoint);
  }

  /** Whether the route exists: a misspelt one would never fail. */
  knows(endpoint: string): boolean {
    return this.endpoints.has(endpoint);
  }

  plan(fault: Fault): void {
    this.planned.push(fault);
  }

  /** Takes the next planned failure of this route, if there is one. */
  take(endpoint: string): Fault | undefined {
    const fault = this.planned.find((each) => each.endpoint === endpoint);
    if (!fault) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) this.planned = this.planned.filter((each) => each !== fault);
    return fault;
  }

  /** The failures that are still planned. */
  all(): readonly Fault[] {
    return this.planned;
  }

  reset(): void {
    this.planned = [];
  }
}
