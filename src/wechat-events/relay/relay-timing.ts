/**
 * Limits of the relay, in milliseconds. Those of an answer count from the receipt of the push. WeChat waits 5 s
 * (wechat-api-2.md section 15.2). Injected, so that tests need not wait.
 */
export class RelayTiming {
  constructor(
    /** So long WeChat's request waits for the first receiver. */
    readonly answerMs = 4_000,
    /** By then a push must be stored that nobody answered. */
    readonly storeMs = 4_400,
    /** The receiver may go on so long: a late answer serves WeChat's repeat. */
    readonly forwardMs = 9_000,
    /** When the queue takes over a push that WeChat still repeats. Its three tries end within 15 s. */
    readonly takeOverMs = 20_000,
    /** How often a repeat looks for the answer to the first try. */
    readonly pollMs = 50,
  ) {}
}
