import { state } from './state.client.js';
import { language, t } from './texts.client.js';

/** What the sample mini program shows for a refusal of the service, by the code of the problem: title and hint. */
const REFUSALS = {
  zh: {
    SCAN_UNKNOWN: ['二维码已失效', '请在网页上刷新二维码，然后重新扫描'],
    SCAN_TAKEN: ['已被别人扫描', '另一个微信用户先扫了这个二维码，请在网页上刷新'],
    SCAN_REQUIRED: ['请先扫码', '服务还不知道这次扫描，请重新扫描二维码'],
    SCAN_DECIDED: ['已经处理过了', '这次登录已经确认或取消，请在网页上刷新二维码'],
    ACCOUNT_DISABLED: ['账号已停用', '服务停用了这个人的账号'],
    WECHAT_USER_BLOCKED: ['账号受限', '微信限制了这个人的账号'],
    PARTNER_UNKNOWN: ['没有这个合作应用', '请检查 client_id，或先用 POST /v1/admin/partners 登记'],
    PARTNER_APP_FORBIDDEN: ['这个小程序不属于该合作应用', '请把它的 AppID 写进合作应用的 miniProgramAppIds'],
    SCOPE_FORBIDDEN: ['不能申请这些信息', 'scope 要包含 openid，并且都在合作应用登记的 scopes 之内'],
    TOKEN_CODE_MISMATCH: ['不是同一个人', '登录的人和此刻拿着手机的人不同，请重新打开小程序'],
    SERVICE_UNREACHABLE: ['服务没有响应', '请确认它已经启动：{0}'],
    SHOP_UNREACHABLE: ['商城没有响应', '请确认它已经启动：{1}'],
    SHOP_ANSWER: ['商城拒绝了下单', '商城的 POST /orders 没有返回 signData、mode、paySig 和 signature'],
  },
  en: {
    SCAN_UNKNOWN: ['This code has expired', 'Refresh it on the website, then scan again'],
    SCAN_TAKEN: ['Somebody else was faster', 'Another person scanned this code; refresh it on the website'],
    SCAN_REQUIRED: ['Scan the code first', 'The service does not know of this scan; scan the code again'],
    SCAN_DECIDED: [
      'Answered already',
      'This login was confirmed or cancelled; refresh the code on the website',
    ],
    ACCOUNT_DISABLED: ['Account disabled', "The service has disabled this person's account"],
    WECHAT_USER_BLOCKED: ['Account restricted', "WeChat has restricted this person's account"],
    PARTNER_UNKNOWN: [
      'There is no such partner',
      'Check the client_id, or register it by POST /v1/admin/partners',
    ],
    PARTNER_APP_FORBIDDEN: [
      "Not one of the partner's mini programs",
      "Add its AppID to the partner's miniProgramAppIds",
    ],
    SCOPE_FORBIDDEN: [
      'The partner may not ask for this',
      'The scope needs openid, and all of it among the scopes that the partner was registered for',
    ],
    TOKEN_CODE_MISMATCH: [
      'Not the same person',
      'Somebody else is logged in than the person who holds the phone; open the mini program again',
    ],
    SERVICE_UNREACHABLE: ['The service does not answer', 'Is it running? {0}'],
    SHOP_UNREACHABLE: ['The shop does not answer', 'Is it running? {1}'],
    SHOP_ANSWER: [
      'The shop took no order',
      'Its POST /orders did not answer with signData, mode, paySig and signature',
    ],
  },
};

/** Title and hint for a refusal `{ code, text }`; for an unknown code, the text of the service. */
export function refusalText({ code, text }) {
  const [title, hint] = REFUSALS[language()][code] ?? [t('refused'), text];
  return { title, hint: hint.replace('{0}', state.serviceUrl).replace('{1}', state.shopUrl) };
}
