import { type ClassConstructor, Transform } from 'class-transformer';
import { Matches, ValidateIf } from 'class-validator';
import { check } from '../../http/validation.js';
import { badReply, type Reply } from '../wechat-http.js';

/**
 * Format of an openid or unionid. A database would pad or case-fold other characters (wechat-api.md section
 * 8).
 */
const WECHAT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a value is an openid or a unionid. */
export function isWeChatId(value: unknown): value is string {
  return typeof value === 'string' && WECHAT_ID.test(value);
}

/** A required openid or unionid. */
export function IsWeChatId(): PropertyDecorator {
  return Matches(WECHAT_ID, { message: 'must be an id of WeChat' });
}

/**
 * A key or token that is stored encrypted: visible ASCII, so that its length in bytes fits the
 * column.
 */
export function IsStoredSecret(most: number): PropertyDecorator {
  return Matches(new RegExp(`^[\\x21-\\x7e]{1,${most}}$`), {
    message: `must be 1 to ${most} visible ASCII characters`,
  });
}

/** An optional key or token. A value in another format counts as absent. */
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
 * Validates a reply and returns it as an instance of its class.
 * @throws WeChatError WECHAT_BAD_REPLY, which names the fields, never their values
 */
export function checkedReply<T extends object>(type: ClassConstructor<T>, reply: Reply): T {
  const result = check(type, reply);
  if (!Array.isArray(result)) return result;
  throw badReply(
    `In WeChat's answer ${result.map((fault) => `${fault.field} ${fault.message}`).join(', ')}.`,
  );
}

/** WeChat uses `undefined`, `null` and `''` for a missing value. */
export function absentAsNull(value: string | null | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
