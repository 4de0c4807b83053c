import { drawWxaCode, linkOf } from '../wxacode/draw.js';
import { readWxaCode } from '../wxacode/request.js';
import { checkAppToken } from './checks.js';
import { Picture, type Endpoint } from './endpoint.js';
import { Refusal } from './errors.js';

/**
 * Section 1.5, makes a code that opens a page of the mini program with a scene.
 *
 * Query: access_token. JSON body: scene, page?, check_path?, env_version?, width?, auto_color?, line_color?,
 * is_hyaline?. Reply: the bytes of a JPEG, of a PNG with is_hyaline; a successful reply has no JSON.
 * Errors: 43002, 41001, 40014, 40001, 42001, 48001, 44002, 47001, 40169, 40129, 85096, 41030, 40097, 45009
 * (too many a minute).
 */
export const getwxacodeunlimit: Endpoint = {
  method: 'POST',
  path: '/wxa/getwxacodeunlimit',
  async answer(call, world) {
    const app = checkAppToken(call, world, ['mini_program']);
    const { asked, line } = readWxaCode(call.body(), world.settings);
    const { wxaCodesPerMinute: most } = world.settings;
    if (!world.minuteCounts.allow(`getwxacodeunlimit ${app.appId}`, most)) throw new Refusal(45009);
    const code = world.wxaCodes.add({ ...asked, appId: app.appId });
    const bytes = await drawWxaCode(code, linkOf(code, call.origin), line);
    return new Picture(code.hyaline ? 'image/png' : 'image/jpeg', bytes);
  },
};
