/** What is said beside the code. */
type Said = 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired' | 'offline';
/** State of an embedded login. With `failed` the advice of the error is said. */
export type State = Said | 'loading' | 'failed';

/** All texts of an embedded login. `code`: what the picture is, for people who do not see it. `again`: the button. */
export type Texts = Readonly<Record<Said | 'code' | 'again', string>>;
export type Language = 'zh' | 'en';

export const TEXTS: Readonly<Record<Language, Texts>> = {
  zh: {
    code: '微信登录二维码',
    pending: '请用微信扫码',
    scanned: '请在手机上确认',
    confirmed: '登录成功',
    denied: '你已取消登录',
    expired: '二维码已过期',
    offline: '正在重新连接…',
    again: '重新扫码',
  },
  en: {
    code: 'WeChat login QR code',
    pending: 'Scan with WeChat',
    scanned: 'Confirm on your phone',
    confirmed: 'Logged in',
    denied: 'Login cancelled',
    expired: 'Code expired',
    offline: 'Reconnecting…',
    again: 'Scan again',
  },
};
