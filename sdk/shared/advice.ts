/** What to tell the person who uses the app. */
export interface Advice {
  readonly zh: string;
  readonly en: string;
}

/** The first row whose pattern fits a code gives the advice. */
const ROWS: readonly (readonly [codes: RegExp, zh: string, en: string])[] = [
  [/^(NETWORK|TIMEOUT)/, '网络不畅，请检查网络后重试。', 'Check the network and try again.'],
  [/LOGGED_OUT|GUEST|SESSION_ENDED|TOKEN_/, '请先登录。', 'Please log in first.'],
  [/^ACCOUNT_DISABLED/, '帐号已停用，请联系客服。', 'This account is disabled. Please contact support.'],
  [
    /^WECHAT_USER/,
    '微信限制了此帐号，请在微信中处理。',
    'WeChat restricts this account. Please settle it in WeChat.',
  ],
  [/^PHONE_NUMBER_TAKEN/, '该手机号已绑定其他帐号。', 'Another account has this phone number.'],
  [
    /^(SCAN|ATTEMPT|LOGIN|STATE)_/,
    '登录已失效，请重新扫码。',
    'This login is no longer valid. Please scan a new code.',
  ],
];
const LATER: Advice = { zh: '服务繁忙，请稍后再试。', en: 'The service is busy. Please try again shortly.' };
const OTHERWISE: Advice = { zh: '操作失败，请联系客服。', en: 'This did not work. Please contact support.' };

/** @param retryable whether the same call may succeed later */
export function adviceFor(code: string, retryable: boolean): Advice {
  const row = ROWS.find(([codes]) => codes.test(code));
  if (row) return { zh: row[1], en: row[2] };
  return retryable ? LATER : OTHERWISE;
}
