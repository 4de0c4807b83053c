const MAX_CHARACTERS = 64;
/** What WeChat gives every app instead of the real name since 2022 (wechat-api.md section 7.2). */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['微信用户']);

/**
 * Controls, bidi overrides and isolates, byte-order marks, lone surrogates, the sign for bytes that are no text: they
 * break or forge what is shown, or stand for nothing.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\uFFFD]/gu;

/** Code points without a glyph: spaces, fillers, joiners, variation selectors, tags, the empty braille pattern. */
const GLYPHLESS = /[\p{Default_Ignorable_Code_Point}\p{Z}\p{Cf}\u2800\u{1D159}]/gu;

/** Of these, what may not stand at an end. Joiners and selectors there belong to an emoji. */
const BLANK_ENDS = /^[\p{Z}\u2800\u3164\uFFA0]+|[\p{Z}\u2800\u3164\uFFA0]+$/gu;

/**
 * A nickname as it is stored: without unsafe characters, at most 64 characters (code points), emoji kept.
 * @returns `null` where nothing is left that can be seen
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

/** The same for what WeChat says: its placeholder is no name. */
export function nicknameFromWeChat(nickname: string | null): string | null {
  const cleaned = nickname === null ? null : cleanNickname(nickname);
  return cleaned !== null && PLACEHOLDERS.has(withoutGlyphless(cleaned)) ? null : cleaned;
}
