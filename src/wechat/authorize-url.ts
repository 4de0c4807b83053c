import type { WeChatLanguage } from './language.js';

/** What of a person an official account asks for: the openid alone, silently; or nickname and picture too. */
export type OfficialAccountScope = 'snsapi_base' | 'snsapi_userinfo';

/**
 * Address of WeChat's QR page for a website login (wechat-api.md section 4.1).
 * @param callbackUrl without a fragment: WeChat would append the code after it
 */
export function qrConnectUrl(
  openUrl: string,
  appId: string,
  callbackUrl: string,
  state: string,
  language: WeChatLanguage,
): string {
  const asked = query(appId, callbackUrl, 'snsapi_login', state) + langParameter(language);
  return `${openUrl}/connect/qrconnect?${asked}#wechat_redirect`;
}

/**
 * Address of the same page for a frame, as WxLogin.js makes it (sections 4.1, 4.3): the compact look, and the frame
 * itself goes to the callback.
 */
export function qrConnectFrameUrl(
  openUrl: string,
  appId: string,
  callbackUrl: string,
  state: string,
  language: WeChatLanguage,
): string {
  const asked = query(appId, callbackUrl, 'snsapi_login', state);
  const look = `&login_type=jssdk&self_redirect=true&stylelite=1&color_scheme=auto${langParameter(language)}`;
  return `${openUrl}/connect/qrconnect?${asked}${look}`;
}

/** Address where a page inside WeChat's browser goes to be told who somebody is (section 5). */
export function oauth2AuthorizeUrl(
  openUrl: string,
  appId: string,
  callbackUrl: string,
  scope: OfficialAccountScope,
  state: string,
): string {
  return `${openUrl}/connect/oauth2/authorize?${query(appId, callbackUrl, scope, state)}#wechat_redirect`;
}

/** The page has one Chinese, its default: `lang` has an effect as `en` only (sections 4.1, 4.3). */
function langParameter(language: WeChatLanguage): string {
  return language === 'en' ? '&lang=en' : '';
}

/** WeChat wants the parameters in this order and the fragment at the end. */
function query(appId: string, callbackUrl: string, scope: string, state: string): string {
  const pairs = [
    ['appid', appId],
    ['redirect_uri', callbackUrl],
    ['response_type', 'code'],
    ['scope', scope],
    ['state', state],
  ] as const;
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}
