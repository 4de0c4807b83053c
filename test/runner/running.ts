/** What the present test file has started and not stopped yet, by the function that stops it; in order of the starts. */
const running = new Map<() => Promise<void>, string>();

/**
 * Registers something that a test has started: what is still running when its file has ended, because a test failed
 * before it came to its end, is stopped then and keeps the run open no longer.
 * @param name for the message about a test that passed and forgot it
 * @returns stops it; asked again it answers with the first stop
 */
export function whileRunning(name: string, stop: () => Promise<unknown>): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  const stopOnce = (): Promise<void> => {
    stopped ??= stop().then(
      () => void running.delete(stopOnce),
      (error: unknown) => {
        running.delete(stopOnce);
        throw error;
      },
    );
    return stopped;
  };
  running.set(stopOnce, name);
  return stopOnce;
}

/**
 * Stops what is left, the latest first: a service before the database that it uses.
 * @returns the names of it
 */
export async function stopLeftovers(): Promise<string[]> {
  const names: string[] = [];
  for (const [stop, name] of [...running].reverse()) {
    names.push(name);
    await stop().catch(() => undefined);
  }
  running.clear();
  return names;
}
