/** How often a worker looks for due items, besides being woken. Injected, so that a test can shorten it. */
export class PollInterval {
  /** @param ms real time */
  constructor(readonly ms = 2_000) {}
}
