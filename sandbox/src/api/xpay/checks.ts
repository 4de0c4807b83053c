import type { App } from '../../state/apps.js';
import type { Order } from '../../state/orders.js';
import type { PayEnv } from '../../state/pay-keys.js';
import type { Person } from '../../state/people.js';
import type { World } from '../../state/world.js';
import { paySignature, userSignature } from '../../virtual-payment/signatures.js';
import { checkAppToken } from '../checks.js';
import type { Call } from '../endpoint.js';
import { type OrderNumber, XpayBody } from './body.js';
import {
  badParameter,
  openidWrong,
  paySigMissing,
  paySigWrong,
  sessionKeyExpired,
  signatureMissing,
  signatureWrong,
} from './refusals.js';

/*
 * The checks of `/xpay/*` in the order of section 13.10: token, body, pay_sig, openid, session_key, signature. Both
 * signatures are over the bytes of the body, in lower-case hex.
 */

/** Where a call is, and in which environment. */
export interface Place {
  app: App;
  env: PayEnv;
  path: string;
}

/** Token, body and env of a call. The other fields are the endpoint's to read. */
export function checkCaller(call: Call, world: World, path: string): { body: XpayBody; place: Place } {
  const app = checkAppToken(call, world, ['mini_program']);
  const body = new XpayBody(call.body());
  return { body, place: { app, path, env: body.env() } };
}

/** pay_sig present and right (268490003), by the AppKey of the environment. */
export function checkPaySig(call: Call, world: World, place: Place): void {
  const { pay_sig: given } = call.query;
  if (!given) throw paySigMissing();
  const { app, env, path } = place;
  const uris = world.settings.paySigOverAddress ? [path, call.origin + path] : [path];
  const key = world.payKeys.of(app.appId, env);
  if (!uris.some((uri) => given === paySignature(key, uri, call.bytes()))) throw paySigWrong();
}

/** The person of an openid of the app (268490001). */
export function checkOpenid(openid: string, world: World, { app }: Place): Person {
  const person = world.people.byOpenId(openid, app.appId);
  if (!person) throw openidWrong();
  return person;
}

/** A living session_key (268490009), and signature by it (268490003); one by a replaced key counts as expired. */
export function checkSignature(call: Call, world: World, { app }: Place, person: Person): void {
  const { signature: given } = call.query;
  const key = world.sessionKeys.current(person.id, app.appId);
  const fits = (each: string) => given === userSignature(each, call.bytes());
  if (key === undefined || world.sessionKeys.dead(person.id, app.appId).some(fits)) throw sessionKeyExpired();
  if (!given) throw signatureMissing();
  if (!fits(key)) throw signatureWrong();
}

/** The order of this number in this environment, of this person if there is one (268490002). */
export function orderOf(number: OrderNumber, world: World, { app, env }: Place, person?: Person): Order {
  const order =
    'orderId' in number
      ? world.orders.find(app.appId, number.orderId)
      : world.orders.findByWxOrderId(app.appId, number.wxOrderId);
  const isTheirs = person === undefined || order?.personId === person.id;
  if (order?.env !== env || !isTheirs) throw badParameter('order_id');
  return order;
}
