const MAX_CHARACTERS = 64;
/** The name that WeChat returns instead of the real one since 2022 (wechat-api.md section 7.2). */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['微信用户']);

/**
 * Control characters, bidi overrides and isolates, byte-order marks, lone surrogates and the replacement
 * character. They corrupt or spoof the displayed text, or are invisible.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\uFFFD]/gu;

/**
 * Code points without a glyph: spaces, fillers, joiners, variation selectors, tags, the empty braille
 * pattern.
 */
const GLYPHLESS = /[\p{Default_Ignorable_Code_Point}\p{Z}\p{Cf}\u2800\u{1D159}]/gu;

/** The subset that is trimmed. Joiners and selectors at an end belong to an emoji. */
const BLANK_ENDS = /^[\p{Z}\u2800\u3164\uFFA0]+|[\p{Z}\u2800\u3164\uFFA0]+$/gu;

/**
 * Normalises a nickname for storage: without unsafe characters, at most 64 code points, emoji kept.
 * @returns `null` if no visible character is left
 */
export function cleanNickname(nickname: string): string | null {
  const safe = withoutBlankEnds(nickname.replace(UNSAFE, ''));
  const cleaned = withoutBlankEnds([...safe].slice(0, MAX_CHARACTERS).join(''));
  return withoutGlyphless(cleaned) === '' ? null : cleaned;
}

function withoutBlankEnds(text: string): string {
  return text.replace(BLANK_ENDS, '').trim();
}

function withoutGlyphless(text: string): string {
  return text.replace(GLYPHLESS, '');
}

/** The same for a nickname from WeChat. WeChat's placeholder is not a name. */
export function nicknameFromWeChat(nickname: string | null): string | null {
  const cleaned = nickname === null ? null : cleanNickname(nickname);
  return cleaned !== null && PLACEHOLDERS.has(withoutGlyphless(cleaned)) ? null : cleaned;
}
