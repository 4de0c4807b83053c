/**
 * What a promise resolves to, or the reason of the signal as soon as it aborts, whatever the promise still waits for.
 * @param late gets a result that comes after that, to release what it holds
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: (result: T) => void = () => undefined,
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
    if (signal.aborted) void work.then(late, () => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
