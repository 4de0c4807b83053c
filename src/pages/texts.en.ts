/** Texts that all pages share, in English. */
export const EN = {
  language: 'en' as const,
  languages: 'Language',
  languageName: 'English',
  failed: 'Login failed',
  code: 'Error code',
  request: 'Request ID',
  retry: 'Log in again',
  again: 'Try again',
  errors: {
    LOGIN_DENIED: 'You cancelled this login in WeChat.',
    STATE_INVALID: 'This login has expired or was started in another browser. Please log in again.',
    AUTHORIZATION_EXPIRED:
      'This login has expired or was started in another browser. Go back to the app and log in again.',
    LOGIN_CODE_INVALID: 'This login has expired. Please log in again.',
    ATTEMPT_UNKNOWN: 'This login has expired. Please log in again.',
    ACCOUNT_DISABLED: 'This account has been disabled.',
    RETURN_URL_FORBIDDEN: 'This login isn’t allowed to return to that address.',
    RATE_LIMITED: 'Too many attempts. Please try again later.',
    STORE_UNAVAILABLE: 'The service is temporarily unavailable. Please try again in a moment.',
    WECHAT_CODE_INVALID: 'WeChat’s authorization has expired. Please log in again.',
    WECHAT_CODE_USED: 'WeChat’s authorization has already been used. Please log in again.',
    WECHAT_BUSY: 'WeChat is busy. Please try again in a moment.',
    WECHAT_RATE_LIMITED: 'WeChat is busy. Please try again later.',
    WECHAT_UNAVAILABLE: 'Couldn’t reach WeChat. Please try again in a moment.',
    WECHAT_USER_BLOCKED: 'WeChat has restricted this account.',
    WECHAT_SNAPSHOT_USER:
      'Tap 使用完整服务 (Use full service) at the bottom of the screen, then log in again.',
    OFFLINE: 'You’re offline. Check your network and try again.',
    OTHER: 'Something went wrong. Please try again in a moment.',
  },
} as const;
