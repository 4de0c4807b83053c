/** What to tell the person who uses the app. */
export interface Advice {
  readonly zh: string;
  readonly en: string;
}

/** The first row whose pattern fits a code gives the advice. */
const ROWS: readonly (readonly [codes: RegExp, zh: string, en: string])[] = [
  [/^(NETWORK|TIMEOUT|WX_LOGIN)/, '请检查网络后重试。', 'Please check the network and try again.'],
  [
    /LOGGED_OUT|GUEST|SESSION_ENDED|TOKEN_|^(SCAN|ATTEMPT|LOGIN|STATE)_/,
    '请重新登录。',
    'Please log in again.',
  ],
  [/^ACCOUNT_DISABLED/, '账号已停用，请联系客服。', 'This account is disabled. Please contact support.'],
  [/^WECHAT_USER/, '此账号被微信限制。', 'This account is restricted by WeChat.'],
  [/^PHONE_NUMBER_TAKEN/, '此手机号已绑定其他账号。', 'This phone number has another account.'],
];
const LATER: Advice = { zh: '服务繁忙，请稍后重试。', en: 'The service is busy. Please try again later.' };
const OTHERWISE: Advice = { zh: '操作失败，请联系客服。', en: 'This did not work. Please contact support.' };

/** @param retryable whether the same call may succeed later */
export function adviceFor(code: string, retryable: boolean): Advice {
  const row = ROWS.find(([codes]) => codes.test(code));
  if (row) return { zh: row[1], en: row[2] };
  return retryable ? LATER : OTHERWISE;
}
