/** Who hears a channel. Neither may throw. */
export interface StoreListener {
  heard(message: string): void;
  /** Messages may have been lost: what they would have said has to be looked up. */
  missed(): void;
}

/**
 * Short-lived state that all instances share: states, login codes, marks of spent codes. One small port; in
 * memory for one instance, in Redis for several. Keys are lower-case words and fingerprints, never a secret in
 * clear; times to live are in milliseconds, whole, at least 1.
 *
 * Every method rejects with AppError STORE_UNAVAILABLE, within about a second, when the store cannot be reached or
 * does not take a write. Nothing that it has taken is evicted before its time.
 */
export abstract class EphemeralStore {
  /** The value, or `null` where there is none or its time is over. */
  abstract get(key: string): Promise<string | null>;

  abstract set(key: string, value: string, ttl: number): Promise<void>;

  /**
   * As `set`, for what anybody may begin without showing who they are, as often as they like. It may fill half of the
   * store and is refused then: marks of spent codes, loginCodes and steps of what has begun keep their room.
   */
  abstract begin(key: string, value: string, ttl: number): Promise<void>;

  /** Sets only where nothing stands; of several at once exactly one gets `true`. */
  abstract setIfAbsent(key: string, value: string, ttl: number): Promise<boolean>;

  /**
   * Sets only where `expected` stands; of several at once that expect the same exactly one gets `true`. The time to
   * live begins anew.
   */
  abstract replace(key: string, expected: string, value: string, ttl: number): Promise<boolean>;

  /** Gets and deletes in one step; of several at once exactly one gets the value. */
  abstract take(key: string): Promise<string | null>;

  abstract delete(key: string): Promise<void>;

  /**
   * Counts one more in the window that began with the first; of several at once each gets its own number.
   * @param window ms
   * @returns how many there are in the window now
   */
  abstract count(key: string, window: number): Promise<number>;

  /**
   * Tells every instance that listens to the channel, this one too; nobody keeps what nobody hears. A message holds
   * no secret in clear.
   */
  abstract publish(channel: string, message: string): Promise<void>;

  /**
   * Hears what is published from now on, until the store is closed. While the store is away messages are lost: once
   * it is back, `missed` says that there may have been some. Never rejects.
   */
  abstract listen(channel: string, listener: StoreListener): void;

  /** Whether the store takes a write now, as a login needs it. @throws AppError STORE_UNAVAILABLE */
  abstract ping(): Promise<void>;

  /** Ends connections and timers. */
  abstract close(): Promise<void>;
}
