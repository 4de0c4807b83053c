import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import { newTicket } from './ids.js';

/** The kinds of ticket: for pages in WeChat, and for cards. The `2` of mobile apps does not exist here. */
export const TICKET_TYPES = ['jsapi', 'wx_card'] as const;
export type TicketType = (typeof TICKET_TYPES)[number];

interface Ticket {
  text: string;
  /** From when on it is no ticket any more, ms. */
  expiresAt: number;
}

const MOST_OF_AN_APP = 1000;

/**
 * The tickets of apps (section 14.1), by which the signature of a page's `wx.config` is checked. They are independent
 * of access tokens: a new token ends no ticket.
 */
export class Tickets {
  /** By AppID and type; the newest last. */
  private readonly issued = new Map<string, Map<string, Ticket>>();

  constructor(private readonly clock: SandboxClock) {}

  /**
   * Issues a new ticket. Whether those before it stay valid is not documented (section 14.1).
   * @param seconds how long it lives
   * @param endsOlder the older ones end now; otherwise each of them lives to its own end
   */
  issue(appId: string, type: TicketType, seconds: number, endsOlder: boolean): string {
    const name = `${type} ${appId}`;
    const tickets = this.issued.get(name) ?? new Map<string, Ticket>();
    if (endsOlder) tickets.clear();
    const text = newTicket();
    tickets.set(text, { text, expiresAt: this.clock.now() + seconds * 1000 });
    dropOldest(tickets, MOST_OF_AN_APP);
    this.issued.set(name, tickets);
    return text;
  }

  /** The newest ticket of an app, if one is valid. */
  current(appId: string, type: TicketType): string | undefined {
    return this.valid(appId, type).at(-1);
  }

  /** All tickets of an app that are valid now, the newest last: a signature with any of them is right. */
  valid(appId: string, type: TicketType): string[] {
    const now = this.clock.now();
    const tickets = this.issued.get(`${type} ${appId}`)?.values() ?? [];
    return [...tickets].filter((ticket) => now < ticket.expiresAt).map((ticket) => ticket.text);
  }

  /** Ends all tickets of an app. */
  endAll(appId: string): void {
    for (const type of TICKET_TYPES) this.issued.delete(`${type} ${appId}`);
  }

  reset(): void {
    this.issued.clear();
  }
}
