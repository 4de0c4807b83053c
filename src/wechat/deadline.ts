/** Total time of all WeChat calls of one login (ms), so that the client is answered within 5 s. */
const LOGIN_MS = 4_500;

/**
 * A deadline for calls to WeChat. It uses real time instead of the test clock, because it protects against
 * slow networks.
 */
export class Deadline {
  readonly signal: AbortSignal;
  private readonly at: number;

  constructor(ms: number = LOGIN_MS) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.at = performance.now() + ms;
    // AbortSignal.timeout would create an error with a stack trace for every login, long after the login has
    // ended.
    setTimeout(() => controller.abort('the deadline has passed'), ms).unref();
  }

  /** A deadline in `ms` or at this deadline, whichever is earlier. */
  atMost(ms: number): Deadline {
    return new Deadline(Math.max(0, Math.min(ms, Math.ceil(this.at - performance.now()))));
  }

  /** Waits, unless the deadline would pass during the wait. @returns whether it waited */
  async sleep(ms: number): Promise<boolean> {
    if (performance.now() + ms >= this.at) return false;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return true;
  }
}
