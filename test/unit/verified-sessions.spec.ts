import { describe, expect, test } from '@jest/globals';
import type { SessionOfUser } from '../../src/session/session-rows.js';
import { VerifiedSessions } from '../../src/session/verified-sessions.js';
import { MovableClock } from '../harness/movable-clock.js';

const clock = new MovableClock();

/** The columns that count here; the others would have to follow each change of the tables. */
function session(id: string, identityId: string, userId: string): SessionOfUser {
  return {
    identity: { id: identityId },
    user: { id: userId },
    session: { id, expiresAt: clock.now() + 1_000_000 },
  } as SessionOfUser;
}

describe('sessions that were verified a moment ago', () => {
  const filled = (...sessions: SessionOfUser[]): VerifiedSessions => {
    const verified = new VerifiedSessions(clock);
    for (const each of sessions) verified.set(each, clock.now());
    return verified;
  };
  const known = (verified: VerifiedSessions, ...ids: string[]) =>
    ids.filter((id) => verified.get(id) !== null);

  test('are forgotten one by one, by identity, and by user but for one', () => {
    const verified = filled(
      session('a', 'i1', 'u1'),
      session('b', 'i1', 'u1'),
      session('c', 'i2', 'u1'),
      session('d', 'i3', 'u2'),
    );
    verified.forget('a');
    expect(known(verified, 'a', 'b', 'c', 'd')).toEqual(['b', 'c', 'd']);
    verified.forgetIdentity('i1');
    expect(known(verified, 'a', 'b', 'c', 'd')).toEqual(['c', 'd']);
    verified.set(session('e', 'i2', 'u1'), clock.now());
    verified.forgetUser('u1', 'e');
    expect(known(verified, 'c', 'd', 'e')).toEqual(['d', 'e']);
  });

  test('belong to the user whom a merge gave them', () => {
    const verified = filled(session('a', 'i1', 'loser'));
    verified.set(session('a', 'i1', 'survivor'), clock.now());
    verified.forgetUser('loser', null);
    expect(known(verified, 'a')).toEqual(['a']);
    verified.forgetUser('survivor', null);
    expect(known(verified, 'a')).toEqual([]);
  });

  test('take memory only while they count', () => {
    const verified = filled(session('a', 'i1', 'u1'), session('b', 'i2', 'u2'));
    clock.advance(3);
    verified.get('a');
    verified.set(session('c', 'i3', 'u3'), clock.now());
    expect(verified.size).toBe(3);
    clock.advance(3);
    verified.set(session('d', 'i4', 'u4'), clock.now());
    expect(known(verified, 'a', 'b', 'c', 'd')).toEqual(['c', 'd']);
    expect(verified.size).toBe(2);
  });

  test('take memory only while they count, also after the clock was set back', () => {
    const verified = filled(session('a', 'i1', 'u1'));
    clock.advance(-60);
    verified.set(session('b', 'i2', 'u2'), clock.now());
    expect(verified.size).toBe(1);
    clock.advance(60);
  });

  test('are forgotten as fast beside fifty thousand others', () => {
    const verified = filled(...Array.from({ length: 50_000 }, (_, n) => session(`s${n}`, `i${n}`, `u${n}`)));
    const startedAt = performance.now();
    for (let n = 0; n < 20_000; n += 2) {
      verified.forgetIdentity(`i${n}`);
      verified.forgetUser(`u${n + 1}`, null);
    }
    // A walk through all of them each time takes a hundred times as long.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(known(verified, 's0', 's19999', 's20000')).toEqual(['s20000']);
  });
});
