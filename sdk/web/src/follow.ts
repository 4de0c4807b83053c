import type { Attempt, AttemptStatus } from '../../shared/api.js';
import type { AuthError } from '../../shared/auth-error.js';
import { untilWoken } from './deadline.js';
import { FIRST_EVENT_MS, MAX_BROKEN, MAX_POLL_MS, POLL_MS, SILENCE_MS } from './limits.js';
import { call, pauseAfter } from './service.js';

/**
 * Follows an attempt until it ends: by Server-Sent Events, or by polling where no stream gets through. Its secret is sent
 * in a header field, which needs no cookie and which an EventSource cannot send.
 * @param onStatus gets each status, and `null` while the service cannot be reached
 * @returns the last status
 * @throws AuthError ABORTED
 */
export async function follow(
  base: string,
  { id, secret }: Attempt,
  signal: AbortSignal,
  onStatus: (status: AttemptStatus['status'] | null) => void,
): Promise<AttemptStatus> {
  const url = `${base}/v1/web-qr-login/attempts/${id}`;
  const headers = { 'X-Attempt-Secret': secret };
  let final: AttemptStatus | undefined;
  let broken = 0;
  let misses = 0;

  const report = (status: AttemptStatus): void => {
    onStatus(status.status);
    if (!/pending|scanned/.test(status.status)) final = status;
  };

  const stream = (): Promise<void> =>
    untilWoken(FIRST_EVENT_MS, signal, async (deadline) => {
      broken++;
      const response = await fetch(`${url}/events`, { headers, signal: deadline.signal });
      const reader = response.ok && response.body?.getReader();
      const decoder = new TextDecoder();
      let text = '';
      while (reader && !final) {
        const { done, value } = await reader.read();
        if (done) return;
        const lines = (text + decoder.decode(value, { stream: true })).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) {
          if (!line.startsWith('data:')) continue;
          broken = 0;
          report(JSON.parse(line.slice(5)) as AttemptStatus);
        }
        if (!broken) deadline.extend(SILENCE_MS);
      }
    });

  for (;;) {
    if (broken < MAX_BROKEN) await stream().catch(() => undefined);
    let pause = POLL_MS;
    try {
      if (!final) report(await call(url, { headers, signal, tries: 1 }));
      misses = 0;
    } catch (fault) {
      const { status } = fault as AuthError;
      if (signal.aborted) throw fault;
      // It exists no more.
      if (status === 404) return { status: 'expired' };
      if (status !== 429) onStatus(null);
      pause = Math.max(pauseAfter(fault), Math.min(POLL_MS * 2 ** misses++, MAX_POLL_MS));
    }
    if (final) return final;
    await untilWoken(pause, signal);
  }
}
