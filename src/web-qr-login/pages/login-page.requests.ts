import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { CODE_CHALLENGE } from '../../attempt/code-challenge.js';
import { MayBeNull } from '../../http/validation.js';
import { AppIdProperty } from '../../http/app-id-property.js';
import { UiLocalesProperty } from '../../pages/ui-locales-property.js';

/** Query of the login page: parameters of a website, and parameters with which a login returns to the page. */
export class LoginPageRequest {
  @ApiProperty({ required: false, description: 'Where to go afterwards; the page itself where absent.' })
  @MayBeNull()
  @IsString()
  @MaxLength(2048)
  returnTo?: string;

  @AppIdProperty('An app to log in with, shown first; the first of each kind where absent.')
  appId?: string;

  @ApiProperty({ required: false, description: 'S256 challenge of the website that redeems the loginCode.' })
  @MayBeNull()
  @Matches(CODE_CHALLENGE, { message: 'codeChallenge must be base64url of a SHA-256' })
  codeChallenge?: string;

  @ApiProperty({
    required: false,
    description: '`login`: a fresh login at WeChat, also where the page knows who has logged in.',
    enum: ['login'],
  })
  @MayBeNull()
  @IsIn(['login'], { message: 'prompt must be login' })
  prompt?: 'login';

  @UiLocalesProperty()
  ui_locales?: string;

  @UiLocalesProperty('The same as ui_locales.')
  uiLocales?: string | undefined;

  @ApiProperty({ required: false, description: 'From a login inside WeChat that waits for a tap.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  consent?: string;

  @ApiProperty({ required: false, description: 'Code of the error that a login came back with.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  error?: string;

  @ApiProperty({ required: false, description: 'Beside error: the request that ended in it.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  request_id?: string;

  @ApiProperty({ required: false, description: 'Of a login that came back to the page: it redeems it.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  loginCode?: string;

  @ApiProperty({ required: false, description: 'Of a link that came back to the page.' })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  linked?: string;

  @ApiProperty({
    required: false,
    description: "The page was opened under another host name than PUBLIC_URL's and has redirected already.",
  })
  @MayBeNull()
  @IsString()
  @MaxLength(16)
  redirected?: string;
}
