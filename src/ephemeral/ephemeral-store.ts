/** A subscriber of a channel. Its methods must not throw. */
export interface StoreListener {
  onMessage(message: string): void;
  /** Messages may have been lost. The listener has to read the current state. */
  onMissed(): void;
}

/**
 * Short-lived state that all instances share: OAuth states, login codes, marks of spent codes. In memory for
 * one instance, in Redis for several. Keys are lower-case words and fingerprints, never a secret in clear.
 * Times to live are whole milliseconds, at least 1.
 *
 * Every method rejects with AppError STORE_UNAVAILABLE, within about a second, if the store cannot be reached
 * or accepts no writes. Accepted entries are never evicted before they expire.
 */
export abstract class EphemeralStore {
  /** The value, or `null` if there is none or it has expired. */
  abstract get(key: string): Promise<string | null>;

  abstract set(key: string, value: string, ttl: number): Promise<void>;

  /**
   * Like `set`, for entries that any anonymous client may create without limit. It is refused once it has
   * filled its share of the store, so that room remains for marks of spent codes, login codes and the steps
   * of flows that have begun.
   */
  abstract begin(key: string, value: string, ttl: number): Promise<void>;

  /** Sets the value if the key is absent. Of several concurrent calls exactly one gets `true`. */
  abstract setIfAbsent(key: string, value: string, ttl: number): Promise<boolean>;

  /**
   * Replaces the value if it equals `expected`. Of several concurrent calls with the same `expected` exactly
   * one gets `true`. The time to live starts again.
   */
  abstract replace(key: string, expected: string, value: string, ttl: number): Promise<boolean>;

  /** Gets and deletes atomically. Of several concurrent calls exactly one gets the value. */
  abstract take(key: string): Promise<string | null>;

  abstract delete(key: string): Promise<void>;

  /**
   * Increments a counter in a window that starts with the first call. Concurrent calls get different numbers.
   * @param window length of the window (ms)
   * @returns the number of calls in the window, this one included
   */
  abstract count(key: string, window: number): Promise<number>;

  /**
   * Sends a message to all instances that listen to the channel, including this one. Messages without a
   * listener are dropped. A message must not hold a secret in clear.
   */
  abstract publish(channel: string, message: string): Promise<void>;

  /**
   * Subscribes to a channel until the store is closed. During an outage messages are lost; after it,
   * `onMissed` is called. Never rejects.
   */
  abstract listen(channel: string, listener: StoreListener): void;

  /** Checks that the store accepts a write, as a login needs it. @throws AppError STORE_UNAVAILABLE */
  abstract ping(): Promise<void>;

  /** Closes connections and timers. */
  abstract close(): Promise<void>;
}
