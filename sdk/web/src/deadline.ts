/** When work ends at the latest: after a time, with another signal, or by a call. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Sets the time anew (ms). */
  readonly extend: (ms: number) => void;
  readonly end: () => void;
}

/** Resolves when a signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve());
    if (signal.aborted) resolve();
  });

/**
 * Does work that has a deadline. What the work has begun with the signal ends with it.
 * @param ms milliseconds
 * @param parent ends the work, too
 */
export async function within<Result>(
  ms: number,
  parent: AbortSignal | undefined,
  work: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController();
  const end = (): void => abort.abort();
  let timer = setTimeout(end, ms);
  const extend = (more: number): void => {
    clearTimeout(timer);
    timer = setTimeout(end, more);
  };
  // Safari 14 does not know the option, and keeps the listener, which then does nothing.
  parent?.addEventListener('abort', end, { signal: abort.signal });
  if (parent?.aborted) end();
  try {
    return await work({ signal: abort.signal, extend, end });
  } finally {
    clearTimeout(timer);
    end();
  }
}

/** Waits, at most until the signal. @param ms milliseconds */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  within(ms, signal, (deadline) => aborted(deadline.signal));

/** Listens to events of the window and what is in it, until the signal. */
export function listen(types: readonly string[], listener: EventListener, signal?: AbortSignal): void {
  for (const type of types) {
    // Captured: an event of the document need not bubble.
    addEventListener(type, listener, true);
    // Safari 14 does not know the option `signal`.
    if (signal) void aborted(signal).then(() => removeEventListener(type, listener, true));
  }
}

/** Whether nobody looks at the page. */
export const isHidden = (): boolean => document.visibilityState === 'hidden';

/** As `within`; also ends when the person looks at the page again, and when the network goes or comes. */
export const untilWoken = (
  ms: number,
  parent: AbortSignal,
  work: (deadline: Deadline) => Promise<void> = ({ signal }) => aborted(signal),
): Promise<void> =>
  within(ms, parent, (deadline) => {
    const wake = (): void => {
      if (!isHidden()) deadline.end();
    };
    listen(['visibilitychange', 'online', 'offline'], wake, deadline.signal);
    return work(deadline);
  });
