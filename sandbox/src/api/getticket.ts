import { TICKET_TYPES } from '../state/tickets.js';
import { checkAppToken } from './checks.js';
import type { Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

/**
 * Section 14.1, a ticket with which the app's server signs `wx.config` (type jsapi) or cards (wx_card).
 *
 * Query: access_token, type. Reply: `{ errcode: 0, errmsg: "ok", ticket, expires_in }` (seconds).
 * Errors: 41001, 40014, 40001, 42001, 40097 for another type (the number is our choice), 45009 (too many a day).
 */
export const getticket: Endpoint = {
  method: 'GET',
  path: '/cgi-bin/ticket/getticket',
  answer(call, world) {
    const { appId } = checkAppToken(call, world, ['official_account', 'mini_program']);
    const type = TICKET_TYPES.find((each) => each === call.query.type);
    if (!type) throw new Refusal(40097);
    const { ticketDailyQuota, ticketSeconds, newTicketEndsOlder } = world.settings;
    if (!world.dayCounts.allow(`getticket ${appId}`, ticketDailyQuota)) throw new Refusal(45009);
    const ticket = world.tickets.issue(appId, type, ticketSeconds, newTicketEndsOlder);
    return { errcode: 0, errmsg: 'ok', ticket, expires_in: ticketSeconds };
  },
};
