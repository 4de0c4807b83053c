import type { RefreshReply } from '../../shared/api.js';
import { AuthError } from '../../shared/auth-error.js';
import { MARGIN_MS } from './limits.js';

/** The tokens of a session. */
export interface Tokens {
  readonly refreshToken: string;
  /** Of the session. */
  readonly id: string;
  /** Counts the refreshes of the session. */
  readonly generation: number;
  /** `''` where only the refresh token was stored. */
  readonly accessToken: string;
  /** Life of the access token when it was received (ms), and that moment by both clocks. */
  readonly life: number;
  readonly ticks: number;
  readonly time: number;
}

/**
 * @param refreshToken `id.generation.mac`, where the id is that of the session
 * @param seconds life of the access token
 */
export function tokensOf(refreshToken: string, accessToken = '', seconds = 0): Tokens {
  const [id = '', generation] = refreshToken.split('.');
  return {
    refreshToken,
    id,
    generation: Number(generation) || 0,
    accessToken,
    life: seconds * 1000,
    ticks: performance.now(),
    time: Date.now(),
  };
}

/** @throws AuthError NETWORK_FAILED for the answer of something else, such as a captive portal */
export function tokensOfReply(reply: Partial<RefreshReply> | null): Tokens {
  const { refreshToken, accessToken, expiresIn } = reply ?? {};
  if (refreshToken && accessToken) return tokensOf(refreshToken, accessToken, expiresIn);
  throw new AuthError('NETWORK_FAILED', { retryable: true });
}

/**
 * What is left of the access token's life (ms). The clock of the computer jumps, the other one may stand still while it
 * sleeps: the one that has gone further counts.
 */
export const timeLeft = ({ life, ticks, time }: Tokens): number =>
  life - Math.max(performance.now() - ticks, Date.now() - time);

/** Whether the access token need not be renewed yet. */
export const isFresh = (tokens: Tokens): boolean => timeLeft(tokens) > Math.min(MARGIN_MS, tokens.life / 4);
