import type { MiniProgramVersion } from '../../config/parsers.js';
import type { WeChatCall } from '../wechat-http.js';

/** The page that a mini program code opens. */
export interface ScanPage {
  /** `null`: the home page. */
  readonly page: string | null;
  readonly envVersion: MiniProgramVersion;
}

/**
 * POST wxa/getwxacodeunlimit: the picture of a mini program code with a scene (wechat-api.md section 1.5).
 * WeChat can check the page only in the released version.
 * @param scene 1 to 32 characters that WeChat allows
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
