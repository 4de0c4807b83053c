import { snapshotOpenIdOf } from '../state/ids.js';
import type { UserTokenPair } from '../state/user-tokens.js';
import type { World } from '../state/world.js';
import { checkApp, checkGrantType, checkSecret, spendCode } from './checks.js';
import type { Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

/**
 * Section 4.4, exchanges a code for a user token; for websites and for pages inside WeChat.
 *
 * Query: appid, secret, code, grant_type=authorization_code.
 * Reply: `{ access_token, expires_in, refresh_token, openid, scope, unionid?, is_snapshotuser? }`.
 * Errors: 41002, 40013, 41004, 40125, 40002, 41008, 40029, 40163, 50002 (a blocked person).
 */
export const oauth2AccessToken: Endpoint = {
  method: 'GET',
  path: '/sns/oauth2/access_token',
  answer({ query }, world) {
    const app = checkApp(query.appid, world, ['website', 'official_account']);
    checkSecret(query.secret, app);
    checkGrantType(query.grant_type, 'authorization_code');
    const { grant, person } = spendCode(query.code, app, 'oauth', world);
    if (person.blocked) throw new Refusal(50002);
    const openId = grant.snapshot
      ? snapshotOpenIdOf(person.id, app.appId)
      : world.people.openId(person, app.appId);
    const { userTokenSeconds, refreshTokenSeconds } = world.settings;
    const pair = world.userTokens.issue(
      { appId: app.appId, personId: person.id, openId, scope: grant.scope, snapshot: grant.snapshot },
      userTokenSeconds,
      refreshTokenSeconds,
    );
    // Silent H5 logins get the openid only (section 4.4).
    const unionId = grant.scope === 'snsapi_base' || grant.snapshot ? null : world.people.unionId(person);
    return {
      ...tokenReply(pair, world),
      ...(unionId !== null && { unionid: unionId }),
      ...(grant.snapshot && { is_snapshotuser: 1 }),
    };
  },
};

/**
 * Section 4.5, refreshes a user token. It takes no secret, and the reply has no unionid.
 *
 * Query: appid, grant_type=refresh_token, refresh_token.
 * Reply: `{ access_token, expires_in, refresh_token, openid, scope }`.
 * Errors: 41002, 40013, 40002, 41003, 40030, 42002.
 */
export const oauth2RefreshToken: Endpoint = {
  method: 'GET',
  path: '/sns/oauth2/refresh_token',
  answer({ query }, world) {
    const app = checkApp(query.appid, world, ['website', 'official_account']);
    checkGrantType(query.grant_type, 'refresh_token');
    const { refresh_token: refreshToken } = query;
    if (!refreshToken) throw new Refusal(41003);
    const looked = world.userTokens.refresh(refreshToken, app.appId, world.settings.userTokenSeconds);
    if (looked.state === 'unknown') throw new Refusal(40030);
    if (looked.state === 'expired') throw new Refusal(42002);
    return tokenReply(looked.pair, world);
  },
};

function tokenReply(pair: UserTokenPair, world: World): Record<string, unknown> {
  return {
    access_token: pair.accessToken,
    expires_in: world.settings.userTokenSeconds,
    refresh_token: pair.refreshToken,
    openid: pair.grant.openId,
    scope: pair.grant.scope,
  };
}
