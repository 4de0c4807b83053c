import type { WeChatLanguage } from './language.js';

/** Scope of an official account: only the openid, without asking the person; or nickname and picture too. */
export type OfficialAccountScope = 'snsapi_base' | 'snsapi_userinfo';

/**
 * URL of WeChat's QR page for a website login (wechat-api.md section 4.1).
 * @param callbackUrl must have no fragment: WeChat would append the code after it
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
 * URL of the QR page inside an iframe, as WxLogin.js builds it (sections 4.1, 4.3): compact layout, and the
 * iframe itself is redirected to the callback.
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

/** URL of the authorization page for a page inside WeChat's browser (section 5). */
export function oauth2AuthorizeUrl(
  openUrl: string,
  appId: string,
  callbackUrl: string,
  scope: OfficialAccountScope,
  state: string,
): string {
  return `${openUrl}/connect/oauth2/authorize?${query(appId, callbackUrl, scope, state)}#wechat_redirect`;
}

/**
 * The QR page has one kind of Chinese, which is its default. So `lang` has an effect as `en` only (sections
 * 4.1, 4.3).
 */
function langParameter(language: WeChatLanguage): string {
  return language === 'en' ? '&lang=en' : '';
}

/** WeChat requires the parameters in this order and the fragment at the end. */
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
