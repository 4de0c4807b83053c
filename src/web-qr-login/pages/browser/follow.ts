import { type Attempt, type AttemptStatus, attemptPath, readAttempt, refusalOf } from './service.js';

const FINAL: readonly string[] = ['confirmed', 'denied', 'expired'];
/** A stream without any event for so long is buffered by a proxy. */
const SILENCE_MS = 5000;
/** A hidden page stops following after so long, until it is visible again. */
const HIDDEN_MS = 60_000;
const POLL_MS = 2000;
const MAX_POLL_MS = 16_000;

/**
 * Follows an attempt until its final status: by Server-Sent Events, or by polling where no stream gets through.
 * @param onStatus gets each status
 * @param onConnection gets whether the service can be reached
 * @returns stops following
 */
export function follow(
  attempt: Attempt,
  onStatus: (status: AttemptStatus) => void,
  onConnection: (isConnected: boolean) => void,
): () => void {
  let canStream = 'EventSource' in window;
  let source: EventSource | null = null;
  let silenceTimer = 0;
  let pollTimer = 0;
  let hiddenTimer = 0;
  let failures = 0;
  let breaks = 0;
  let isRunning = false;

  const pause = (): void => {
    isRunning = false;
    source?.close();
    source = null;
    for (const timer of [silenceTimer, pollTimer, hiddenTimer]) clearTimeout(timer);
  };

  const stop = (): void => {
    pause();
    document.removeEventListener('visibilitychange', resume);
    window.removeEventListener('online', resume);
    window.removeEventListener('offline', onOffline);
  };

  const report = (status: AttemptStatus): void => {
    if (!isRunning) return;
    onConnection(true);
    if (FINAL.includes(status.status)) stop();
    onStatus(status);
  };

  /** Reads the status once. @returns milliseconds until the next poll */
  const read = async (): Promise<number> => {
    try {
      const status = await readAttempt(attempt);
      failures = 0;
      report(status);
      return POLL_MS;
    } catch (error) {
      const { code, retryAfter } = refusalOf(error);
      if (code === 'ATTEMPT_UNKNOWN') report({ status: 'expired' });
      else if (isRunning && code !== 'RATE_LIMITED') onConnection(false);
      failures += 1;
      return Math.max(retryAfter * 1000, Math.min(POLL_MS * 2 ** failures, MAX_POLL_MS));
    }
  };

  const poll = async (): Promise<void> => {
    clearTimeout(pollTimer);
    const pauseMs = await read();
    clearTimeout(pollTimer);
    if (isRunning && !canStream) pollTimer = window.setTimeout(() => void poll(), pauseMs);
  };

  const switchToPolling = (): void => {
    canStream = false;
    clearTimeout(silenceTimer);
    source?.close();
    void poll();
  };

  /** Where streams keep breaking and the service answers, a proxy lets no stream through. */
  const pollAfterBreak = async (): Promise<void> => {
    await read();
    if (isRunning && canStream && breaks > 1 && failures === 0) switchToPolling();
  };

  const stream = (): void => {
    const opened = new EventSource(`${attemptPath(attempt)}/events`);
    source = opened;
    silenceTimer = window.setTimeout(switchToPolling, SILENCE_MS);
    opened.addEventListener('open', () => onConnection(true));
    opened.addEventListener('status', (event: MessageEvent<string>) => {
      clearTimeout(silenceTimer);
      breaks = 0;
      report(JSON.parse(event.data) as AttemptStatus);
    });
    opened.addEventListener('error', () => {
      clearTimeout(silenceTimer);
      if (!isRunning) return;
      breaks += 1;
      if (opened.readyState === EventSource.CLOSED) {
        switchToPolling();
        return;
      }
      // The browser reconnects by itself.
      onConnection(false);
      if (breaks > 1) void pollAfterBreak();
    });
  };

  const start = (): void => {
    isRunning = true;
    if (canStream) stream();
    else void poll();
  };

  const resume = (): void => {
    clearTimeout(hiddenTimer);
    if (document.visibilityState === 'hidden') hiddenTimer = window.setTimeout(pause, HIDDEN_MS);
    else if (!isRunning) start();
    // Phones cut connections of pages in the background, not always with an event.
    else void poll();
  };
  const onOffline = (): void => onConnection(false);

  document.addEventListener('visibilitychange', resume);
  window.addEventListener('online', resume);
  window.addEventListener('offline', onOffline);
  start();
  return stop;
}
