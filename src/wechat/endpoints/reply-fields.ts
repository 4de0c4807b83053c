import { type ClassConstructor, Transform } from 'class-transformer';
import { Matches, ValidateIf } from 'class-validator';
import { check } from '../../http/validation.js';
import { badReply, type Reply } from '../wechat-http.js';

/** Shape of an openid or unionid: anything else would be padded or folded by a database (wechat-api.md section 8). */
const WECHAT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a value is an openid or a unionid. */
export function isWeChatId(value: unknown): value is string {
  return typeof value === 'string' && WECHAT_ID.test(value);
}

/** An openid or unionid that must be there. */
export function IsWeChatId(): PropertyDecorator {
  return Matches(WECHAT_ID, { message: 'must be an id of WeChat' });
}

/** A key or token that is stored sealed: visible ASCII, as many bytes as characters, so that it fits its column. */
export function IsStoredSecret(most: number): PropertyDecorator {
  return Matches(new RegExp(`^[\\x21-\\x7e]{1,${most}}$`), {
    message: `must be 1 to ${most} visible ASCII characters`,
  });
}

/** A stored secret that is of use and not needed: one of another shape counts as absent. */
export function OptionalStoredSecret(most: number): PropertyDecorator {
  const shape = new RegExp(`^[\\x21-\\x7e]{1,${most}}$`);
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && shape.test(value) ? value : null,
  );
}

/** A field that may be absent, null or empty; WeChat uses all three. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_, value: unknown) => value !== undefined && value !== null && value !== '');
}

/**
 * A reply as an instance of its class.
 * @throws WeChatError WECHAT_BAD_REPLY naming the fields, never their values
 */
export function checkedReply<T extends object>(type: ClassConstructor<T>, reply: Reply): T {
  const result = check(type, reply);
  if (!Array.isArray(result)) return result;
  throw badReply(
    `In WeChat's answer ${result.map((fault) => `${fault.field} ${fault.message}`).join(', ')}.`,
  );
}

/** `undefined`, `null` and `''` all mean that WeChat said nothing. */
export function absentAsNull(value: string | null | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
