import { IsInt, Max, Min } from 'class-validator';
import type { WeChatCall } from '../wechat-http.js';
import { IsStoredSecret } from './reply-fields.js';

/** What a ticket signs: `wx.config` of a page in WeChat, or cards. */
export const TICKET_TYPES = ['jsapi', 'wx_card'] as const;
/** A type of ticket. */
export type TicketType = (typeof TICKET_TYPES)[number];

/** GET cgi-bin/ticket/getticket: a ticket of the app (wechat-api-2.md section 14.1). */
export function getTicket(appId: string, token: string, type: TicketType): WeChatCall {
  return { path: 'cgi-bin/ticket/getticket', appId, query: { access_token: token, type } };
}

/** Far longer than the lifetime of a ticket (2 hours). A larger number would not be a valid date. */
const MAX_LIFE_S = 365 * 24 * 60 * 60;

/** The reply of getticket. */
export class TicketReply {
  @IsStoredSecret(512)
  ticket!: string;

  /** Remaining seconds. */
  @IsInt()
  @Min(1)
  @Max(MAX_LIFE_S)
  expires_in!: number;
}
