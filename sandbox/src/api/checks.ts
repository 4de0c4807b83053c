import { signLoginState } from '../open-data/crypto.js';
import type { App, AppKind } from '../state/apps.js';
import type { Person } from '../state/people.js';
import type { CodeGrant } from '../state/codes.js';
import type { UserTokenPair } from '../state/user-tokens.js';
import type { World } from '../state/world.js';
import type { Call } from './endpoint.js';
import { Refusal } from './errors.js';

/*
 * The checks that several endpoints share. Called in the order of section 0: appid present, appid
 * valid, secret present, secret valid, grant_type, code or token present, code or token valid.
 */

/** Appid present (41002) and of a kind that this API accepts (40013). */
export function checkApp(appId: unknown, world: World, kinds: readonly AppKind[]): App {
  if (!appId) throw new Refusal(41002);
  const app = typeof appId === 'string' ? world.apps.find(appId, kinds) : undefined;
  if (!app) throw new Refusal(40013);
  return app;
}

/** Secret present (41004) and the app's (40125). */
export function checkSecret(secret: unknown, app: App): void {
  if (!secret) throw new Refusal(41004);
  if (secret !== app.secret) throw new Refusal(40125);
}

/** The constant grant_type of the endpoint, else 40002. */
export function checkGrantType(grantType: unknown, expected: string): void {
  if (grantType !== expected) throw new Refusal(40002);
}

/** Code present (41008), unused (40163), and otherwise valid (40029). The check uses the code up. */
export function spendCode(
  code: string | undefined,
  app: App,
  purpose: CodeGrant['purpose'],
  world: World,
): { grant: CodeGrant; person: Person } {
  if (!code) throw new Refusal(41008);
  const exchange = world.codes.exchange(code, app.appId, purpose);
  if (exchange.outcome === 'used') throw new Refusal(40163);
  const person = exchange.outcome === 'ok' ? world.people.find(exchange.grant.personId) : undefined;
  if (exchange.outcome !== 'ok' || !person) throw new Refusal(40029);
  return { grant: exchange.grant, person };
}

/** A user access_token: present (41001), not expired (42001), known (40001), and of this openid (40003). */
export function checkUserToken(call: Call, world: World): UserTokenPair {
  const { access_token: token, openid } = call.query;
  if (!token) throw new Refusal(41001);
  const looked = world.userTokens.look(token);
  if (looked.state === 'expired') throw new Refusal(42001);
  if (looked.state === 'unknown') throw new Refusal(40001);
  call.madeBy(looked.pair.grant.appId);
  if (looked.pair.grant.openId !== openid) throw new Refusal(40003);
  return looked.pair;
}

/**
 * An interface access_token: present (41001), well-formed (40014), latest (40001), not expired (42001), and
 * of an app that has the right (48001; that the kind of account decides it is our inference).
 */
export function checkAppToken(call: Call, world: World, kinds: readonly AppKind[]): App {
  const { access_token: token } = call.query;
  if (!token) throw new Refusal(41001);
  const looked = world.appTokens.look(token);
  if (looked.state === 'expired') throw new Refusal(42001);
  // A well-formed token may have been valid once; only a malformed one is "invalid" (section 3.3).
  if (looked.state === 'unknown') throw new Refusal(/^\d+_[\w-]{40,}$/.test(token) ? 40001 : 40014);
  const app = looked.state === 'valid' ? world.apps.find(looked.appId) : undefined;
  if (!app) throw new Refusal(40001);
  call.madeBy(app.appId);
  if (!kinds.includes(app.kind)) throw new Refusal(48001);
  return app;
}

/** The openid of a person (40003) and a signature by their current session_key (87009): section 1.2. */
export function checkLoginState(call: Call, app: App, world: World): Person {
  const { openid, signature, sig_method: method } = call.query;
  const person = world.people.byOpenId(openid, app.appId);
  if (!person) throw new Refusal(40003);
  const key = world.sessionKeys.current(person.id, app.appId);
  const good = method === 'hmac_sha256' && key !== undefined && signature === signLoginState(key);
  if (!good) throw new Refusal(87009);
  return person;
}
