import { phoneInfo, watermark } from '../open-data/phone.js';
import { checkAppToken } from './checks.js';
import type { Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

/**
 * Section 1.4, exchanges a code of the getPhoneNumber button for the person's phone number.
 *
 * Query: access_token. JSON body: code, openid? (then the code must be that person's).
 * Reply: `{ errcode: 0, errmsg: "ok", phone_info: { phoneNumber, purePhoneNumber, countryCode, watermark } }`.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 40029 (also for a code of wx.login).
 */
export const getuserphonenumber: Endpoint = {
  method: 'POST',
  path: '/wxa/business/getuserphonenumber',
  answer(call, world) {
    const app = checkAppToken(call, world, ['mini_program']);
    const { code = '', openid } = call.body();
    if (typeof code !== 'string' || (openid !== undefined && typeof openid !== 'string')) {
      throw new Refusal(47001);
    }
    // An empty openid counts as absent, as empty text does at WeChat's APIs.
    const phone = world.phoneCodes.spend(code, app.appId, openid === '' ? undefined : openid);
    if (!phone) throw new Refusal(40029);
    return {
      errcode: 0,
      errmsg: 'ok',
      phone_info: {
        ...phoneInfo(phone, world.settings.numericCountryCode),
        watermark: watermark(world.clock.now(), app.appId),
      },
    };
  },
};
