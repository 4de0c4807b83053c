import { beforeEach, describe, expect, it } from '@jest/globals';
import { SandboxClock } from '../src/state/clock.js';
import { Tickets } from '../src/state/tickets.js';

describe('the tickets of an app', () => {
  let clock: SandboxClock;
  let tickets: Tickets;
  beforeEach(() => {
    clock = new SandboxClock(() => 0);
    tickets = new Tickets(clock);
  });
  const issue = (endsOlder = false) => tickets.issue('wx1', 'jsapi', 7200, endsOlder);

  it('are valid side by side, each to its own end', () => {
    const first = issue();
    clock.advance(7000);
    const second = issue();
    expect(tickets.valid('wx1', 'jsapi')).toEqual([first, second]);
    clock.advance(200);
    expect(tickets.valid('wx1', 'jsapi')).toEqual([second]);
    expect(tickets.current('wx1', 'jsapi')).toBe(second);
    clock.advance(7000);
    expect(tickets.current('wx1', 'jsapi')).toBeUndefined();
  });

  it('end with the next one where that is wanted', () => {
    issue();
    const second = issue(true);
    expect(tickets.valid('wx1', 'jsapi')).toEqual([second]);
  });

  it('belong to one app and one type', () => {
    issue();
    expect(tickets.current('wx2', 'jsapi')).toBeUndefined();
    expect(tickets.current('wx1', 'wx_card')).toBeUndefined();
    tickets.endAll('wx1');
    expect(tickets.current('wx1', 'jsapi')).toBeUndefined();
  });
});
