/**
 * The clock of the sandbox: a source plus an offset, both in milliseconds. Moving it wakes the calls that wait for
 * something to expire.
 */
export class SandboxClock {
  private offsetMs = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly source: () => number) {}

  /** Milliseconds since 1970. */
  now(): number {
    return this.source() + this.offsetMs;
  }

  /** The offset of the clock, in seconds. */
  get offsetSeconds(): number {
    return this.offsetMs / 1000;
  }

  /** Moves the clock by so many seconds; a negative number moves it back. */
  advance(seconds: number): void {
    this.offsetMs += seconds * 1000;
    this.tell();
  }

  /** Removes the offset. */
  reset(): void {
    this.offsetMs = 0;
    this.tell();
  }

  /** Calls `listener` after every move; the returned function ends that. */
  onMove(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
