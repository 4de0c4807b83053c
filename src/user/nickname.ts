const MAX_CHARACTERS = 64;
/** What WeChat gives every app instead of the real name since 2022 (wechat-api.md section 7.2). */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['微信用户']);

/** Controls, bidi overrides and isolates, byte-order marks, lone surrogates: they break or forge what is shown. */
const UNSAFE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu;

/**
 * A nickname as it is stored: without unsafe characters, at most 64 characters (code points), emoji kept.
 * @returns `null` where nothing is left
 */
export function cleanNickname(nickname: string): string | null {
  const cleaned = [...nickname.replace(UNSAFE, '').trim()].slice(0, MAX_CHARACTERS).join('').trim();
  return cleaned === '' ? null : cleaned;
}

/** The same for what WeChat says: its placeholder is no name. */
export function nicknameFromWeChat(nickname: string | null): string | null {
  const cleaned = nickname === null ? null : cleanNickname(nickname);
  return cleaned !== null && PLACEHOLDERS.has(cleaned) ? null : cleaned;
}
