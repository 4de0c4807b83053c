import { ApiProperty, PickType } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { LoginPageRequest } from '../pages/login-page.requests.js';

/** Body of the page's report that a login has ended in it. */
export class RememberLoginRequest {
  @ApiProperty({ description: 'The loginCode that the page got. It is not used up.', maxLength: 128 })
  @IsString()
  @MaxLength(128)
  loginCode!: string;
}

/** The form of the page for a known person: what the page was asked for, and its secret. */
export class KnownPersonForm extends PickType(LoginPageRequest, [
  'returnTo',
  'appId',
  'codeChallenge',
  'ui_locales',
]) {
  @ApiProperty({ description: 'The hidden field of the page.', maxLength: 128 })
  @IsString()
  @MaxLength(128)
  token!: string;
}
