import type { MiniProgramVersion } from '../../config/parsers.js';
import type { WeChatCall } from '../wechat-http.js';

/** A page of the mini program, as a code opens it. */
export interface ScanPage {
  /** `null`: the home page. */
  readonly page: string | null;
  readonly envVersion: MiniProgramVersion;
}

/**
 * POST wxa/getwxacodeunlimit: the picture of a code that opens the mini program with a scene (wechat-api.md section
 * 1.5). A page of an unpublished version cannot be checked by WeChat.
 * @param scene 1 to 32 characters of its alphabet
 */
export function wxaCodeUnlimit(
  appId: string,
  token: string,
  scene: string,
  { page, envVersion }: ScanPage,
): WeChatCall {
  return {
    path: 'wxa/getwxacodeunlimit',
    appId,
    query: { access_token: token },
    body: {
      scene,
      ...(page === null ? {} : { page }),
      check_path: envVersion === 'release',
      env_version: envVersion,
    },
    quotaByMinute: true,
  };
}
