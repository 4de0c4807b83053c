import { Transform, Type } from 'class-transformer';
import { IsObject, Matches, ValidateNested } from 'class-validator';
import type { WeChatCall } from '../wechat-http.js';

/**
 * POST wxa/business/getuserphonenumber: the number behind a code of the getPhoneNumber button (wechat-api.md
 * section 1.4). With the openId WeChat refuses a code that belongs to somebody else.
 */
export function userPhoneNumber(appId: string, token: string, openId: string, code: string): WeChatCall {
  return {
    path: 'wxa/business/getuserphonenumber',
    appId,
    query: { access_token: token },
    body: { code, openid: openId },
  };
}

/** A phone number as WeChat gives it, by code or encrypted. */
export class PhoneInfo {
  /** With the country code when it is a foreign number. */
  @Matches(/^\+?[0-9 -]{3,24}$/, { message: 'must be a phone number' })
  phoneNumber!: string;

  @Matches(/^[0-9 -]{3,20}$/, { message: 'must be a phone number' })
  purePhoneNumber!: string;

  /** WeChat gives it as text and, in places, as a number. */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'number' ? String(value) : value))
  @Matches(/^[0-9]{1,4}$/, { message: 'must be a country code' })
  countryCode!: string;
}

/** The answer of getuserphonenumber. */
export class UserPhoneNumberReply {
  @IsObject()
  @ValidateNested()
  @Type(() => PhoneInfo)
  phone_info!: PhoneInfo;
}
