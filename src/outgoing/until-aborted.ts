/**
 * The result of a promise, or the reason of a signal as soon as it aborts.
 * @param onLateResult gets a result that comes after the abort, to release what it holds
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  onLateResult: (result: T) => void = () => undefined,
): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } catch (error) {
    if (signal.aborted) void work.then(onLateResult, () => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
