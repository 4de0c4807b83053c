import { ENDED, MAX_SESSIONS } from './limits.js';
import { quietly } from './storage.js';

const KEY = 'wechat-auth:newest';
/** Also in memory, where localStorage throws. */
const ended = new Set<string>();

const read = (): Map<string, number> => {
  // `null` makes an empty map.
  const parse = (): unknown => JSON.parse(String(localStorage.getItem(KEY)));
  return quietly(() => new Map(parse() as [string, number][])) ?? new Map<string, number>();
};

/**
 * The newest generation of a session's refresh token that any tab of this origin has seen; 0 where that is unknown. By
 * this number, which is no secret, a tab knows that its own refresh token was replaced while it was frozen or being
 * copied: the service takes a replaced one for stolen and ends the session.
 */
export const newestGeneration = (sessionId: string): number =>
  ended.has(sessionId) ? ENDED : (read().get(sessionId) ?? 0);

/** Tells all tabs the generation of a session, or ENDED. */
export function noteGeneration(sessionId: string, generation: number): void {
  if (generation === ENDED) ended.add(sessionId);
  const all = read().set(sessionId, generation);
  quietly(() => localStorage.setItem(KEY, JSON.stringify([...all].slice(-MAX_SESSIONS))));
}
