import type { AppKind } from '../state/apps.js';
import type { IssuedToken } from '../state/app-tokens.js';
import { checkApp, checkGrantType, checkSecret } from './checks.js';
import type { Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

// Website apps of the Open Platform have no interface access_token (our inference).
const KINDS: readonly AppKind[] = ['mini_program', 'official_account'];

/**
 * Section 3.1, the ordinary interface token: each call invalidates the previous token after 5 min.
 *
 * Query: grant_type=client_credential, appid, secret. Reply: `{ access_token, expires_in: 7200 }`.
 * Errors: 41002, 40013, 41004, 40125, 40002, 45009 (daily quota).
 */
export const token: Endpoint = {
  method: 'GET',
  path: '/cgi-bin/token',
  answer({ query }, world) {
    const app = checkApp(query.appid, world, KINDS);
    checkSecret(query.secret, app);
    checkGrantType(query.grant_type, 'client_credential');
    return reply(world.appTokens.fetchOrdinary(app.appId, world.settings.tokenDailyQuota));
  },
};

/**
 * Section 3.2, the stable interface token: the same token until its last 5 min, independent of section 3.1.
 *
 * JSON body: grant_type=client_credential, appid, secret, force_refresh? (bool).
 * Reply: `{ access_token, expires_in }`. Errors: 43002, 44002, 47001, 41002, 40013, 41004, 40125, 40002,
 * 45009 (force_refresh more than 20 times a day).
 */
export const stableToken: Endpoint = {
  method: 'POST',
  path: '/cgi-bin/stable_token',
  answer(call, world) {
    const body = call.body();
    if (typeof body.appid === 'string') call.madeBy(body.appid);
    const app = checkApp(body.appid, world, KINDS);
    checkSecret(body.secret, app);
    checkGrantType(body.grant_type, 'client_credential');
    const { force_refresh: force = false } = body;
    if (typeof force !== 'boolean') throw new Refusal(47001);
    return reply(force ? world.appTokens.forceStable(app.appId) : world.appTokens.fetchStable(app.appId));
  },
};

function reply(issued: IssuedToken | null): Record<string, unknown> {
  if (!issued) throw new Refusal(45009);
  return { access_token: issued.token, expires_in: issued.expiresIn };
}
