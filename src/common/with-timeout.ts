/**
 * Resolves like the promise, unless it takes too long. If the event loop was blocked, its timers run first,
 * so an answer that has already arrived is read before the timeout takes effect.
 * @param ms integer
 * @throws the error of `timeoutError` after the timeout; the operation itself continues, and its result is ignored
 */
export function withTimeout<T>(work: Promise<T>, ms: number, timeoutError: () => Error): Promise<T> {
  // Promise.race would create twice as many promises. This function wraps every command to the database and
  // to Redis.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(timeoutError())), ms);
    const stopThen =
      <V>(settle: (value: V) => void) =>
      (value: V) => {
        clearTimeout(timer);
        settle(value);
      };
    work.then(stopThen(resolve), stopThen<unknown>(reject));
  });
}
