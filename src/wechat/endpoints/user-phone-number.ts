import { Transform, Type } from 'class-transformer';
import { IsObject, Matches, ValidateNested } from 'class-validator';
import type { WeChatCall } from '../wechat-http.js';

/**
 * POST wxa/business/getuserphonenumber: exchanges a code of the getPhoneNumber button for the phone number
 * (wechat-api.md section 1.4). With the openid WeChat refuses a code that belongs to another person.
 */
export function userPhoneNumber(appId: string, token: string, openId: string, code: string): WeChatCall {
  return {
    path: 'wxa/business/getuserphonenumber',
    appId,
    query: { access_token: token },
    body: { code, openid: openId },
  };
}

/** A phone number as WeChat returns it, by code or as encrypted data. */
export class PhoneInfo {
  /** Foreign numbers include the country code. */
  @Matches(/^\+?[0-9 -]{3,24}$/, { message: 'must be a phone number' })
  phoneNumber!: string;

  @Matches(/^[0-9 -]{3,20}$/, { message: 'must be a phone number' })
  purePhoneNumber!: string;

  /** Text, or in some replies a number. */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'number' ? String(value) : value))
  @Matches(/^[0-9]{1,4}$/, { message: 'must be a country code' })
  countryCode!: string;
}

/** The reply of getuserphonenumber. */
export class UserPhoneNumberReply {
  @IsObject()
  @ValidateNested()
  @Type(() => PhoneInfo)
  phone_info!: PhoneInfo;
}
