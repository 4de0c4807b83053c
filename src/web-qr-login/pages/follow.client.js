import { attemptPath, readAttempt } from './service.client.js';

const FINAL = ['confirmed', 'denied', 'expired'];
/** A stream that says nothing at all for so long is held back by something on the way. */
const SILENCE_MS = 5000;
/** A page that nobody looks at stops asking after so long, and goes on when somebody does. */
const UNSEEN_MS = 60_000;
const POLL_MS = 2000;
const POLL_SLOWEST_MS = 16_000;

/**
 * Follows an attempt until its final status: by Server-Sent Events, by polling where they do not get through.
 * `heard` gets each status, `connected` whether the service can be reached. Returns what stops it.
 */
export function follow(attempt, heard, connected) {
  let canStream = 'EventSource' in window;
  let source = null;
  let silence = 0;
  let nextPoll = 0;
  let unseen = 0;
  let failures = 0;
  let breaks = 0;
  let running = false;

  const pause = () => {
    running = false;
    source?.close();
    source = null;
    for (const timer of [silence, nextPoll, unseen]) clearTimeout(timer);
  };

  const stop = () => {
    pause();
    document.removeEventListener('visibilitychange', onSight);
    window.removeEventListener('online', onSight);
    window.removeEventListener('offline', onLoss);
  };

  const tell = (status) => {
    if (!running) return;
    connected(true);
    if (FINAL.includes(status.status)) stop();
    heard(status);
  };

  /** Asks once. Returns how long to wait before asking again, in milliseconds. */
  const ask = async () => {
    try {
      const status = await readAttempt(attempt);
      failures = 0;
      tell(status);
      return POLL_MS;
    } catch (problem) {
      if (problem.code === 'ATTEMPT_UNKNOWN') tell({ status: 'expired' });
      else if (running && problem.code !== 'RATE_LIMITED') connected(false);
      failures += 1;
      return Math.max(problem.retryAfter * 1000, Math.min(POLL_MS * 2 ** failures, POLL_SLOWEST_MS));
    }
  };

  const poll = async () => {
    clearTimeout(nextPoll);
    const pauseMs = await ask();
    clearTimeout(nextPoll);
    if (running && !canStream) nextPoll = setTimeout(poll, pauseMs);
  };

  const pollFromNowOn = () => {
    canStream = false;
    clearTimeout(silence);
    source?.close();
    poll();
  };

  /** A service that answers while streams keep breaking has something before it that lets no stream through. */
  const askBeside = async () => {
    await ask();
    if (running && canStream && breaks > 1 && failures === 0) pollFromNowOn();
  };

  const listen = () => {
    source = new EventSource(`${attemptPath(attempt)}/events`);
    silence = setTimeout(pollFromNowOn, SILENCE_MS);
    source.addEventListener('open', () => connected(true));
    source.addEventListener('status', (event) => {
      clearTimeout(silence);
      breaks = 0;
      tell(JSON.parse(event.data));
    });
    source.addEventListener('error', () => {
      clearTimeout(silence);
      if (!running) return;
      breaks += 1;
      if (source.readyState === EventSource.CLOSED) return pollFromNowOn();
      // The browser is connecting again by itself.
      connected(false);
      if (breaks > 1) askBeside();
    });
  };

  const start = () => {
    running = true;
    if (canStream) listen();
    else poll();
  };

  const onSight = () => {
    clearTimeout(unseen);
    if (document.visibilityState === 'hidden') unseen = setTimeout(pause, UNSEEN_MS);
    else if (!running) start();
    // A phone cuts connections of pages that it puts away, and does not always say so.
    else poll();
  };
  const onLoss = () => connected(false);

  document.addEventListener('visibilitychange', onSight);
  window.addEventListener('online', onSight);
  window.addEventListener('offline', onLoss);
  start();
  return stop;
}
