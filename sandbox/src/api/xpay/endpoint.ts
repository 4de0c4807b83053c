import type { Person } from '../../state/people.js';
import type { World } from '../../state/world.js';
import type { Endpoint } from '../endpoint.js';
import type { XpayBody } from './body.js';
import { checkCaller, checkOpenid, checkPaySig, checkSignature, type Place } from './checks.js';

/** Who calls for whom, after all checks. */
export interface Checked extends Place {
  person: Person;
}

/** An endpoint about a person: what differs among them. */
interface AboutPerson<Asked> {
  path: string;
  /** Whether it takes `signature` besides `pay_sig`. */
  needsSignature: boolean;
  /** Reads the fields besides env and openid. @throws Refusal 268490002 */
  read: (body: XpayBody) => Asked;
  /** What stands in the reply besides errcode and errmsg. @throws Refusal */
  answer: (asked: Asked, checked: Checked, world: World) => Record<string, unknown>;
}

/** The endpoint, with the checks of section 13.10 in their order. */
export function aboutPerson<Asked>(own: AboutPerson<Asked>): Endpoint {
  const { path, needsSignature, read, answer } = own;
  return {
    method: 'POST',
    path,
    answer(call, world) {
      const { body, place } = checkCaller(call, world, path);
      const openid = body.text('openid');
      const asked = read(body);
      checkPaySig(call, world, place);
      const person = checkOpenid(openid, world, place);
      if (needsSignature) checkSignature(call, world, place, person);
      return { errcode: 0, errmsg: 'ok', ...answer(asked, { ...place, person }, world) };
    },
  };
}
