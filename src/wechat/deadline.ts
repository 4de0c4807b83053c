/** The time that all calls of one login may take together, so that the client has its answer within 5 s. */
const LOGIN_MS = 4_500;

/** A point in time after which an answer of WeChat is of no use. Real time: it guards against real networks. */
export class Deadline {
  readonly signal: AbortSignal;
  private readonly at: number;

  constructor(ms: number = LOGIN_MS) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.at = performance.now() + ms;
    // Not AbortSignal.timeout: it makes an error with a stack when it is long forgotten, for every login.
    setTimeout(() => controller.abort('the deadline has passed'), ms).unref();
  }

  /** A deadline that passes after `ms`, or with this one where that is sooner. */
  atMost(ms: number): Deadline {
    return new Deadline(Math.max(0, Math.min(ms, Math.ceil(this.at - performance.now()))));
  }

  /** Waits, unless the deadline would pass meanwhile. @returns whether it waited */
  async sleep(ms: number): Promise<boolean> {
    if (performance.now() + ms >= this.at) return false;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return true;
  }
}
