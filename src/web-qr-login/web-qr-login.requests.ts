import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { OwnerProofProperty, OwnerProofRequest } from '../auth/owner-proof/owner-proof.requests.js';
import { MayBeNull } from '../http/validation.js';
import { CODE_CHALLENGE, CODE_VERIFIER } from '../attempt/code-challenge.js';
import { AppIdProperty } from '../http/app-id-property.js';
import { UiLocalesProperty } from '../pages/ui-locales-property.js';

/** Parameters of a website login: the app, where it returns to, and who may redeem it. */
export class WebsiteLoginRequest {
  @ApiProperty({
    description: 'Where to go afterwards; must match RETURN_URLS.',
    example: 'http://localhost:3000/login',
  })
  @IsString()
  @MaxLength(2048)
  returnTo!: string;

  @AppIdProperty('The website app; if absent, the first of WECHAT_WEBSITES.')
  appId?: string;

  @ApiProperty({
    required: false,
    description:
      'base64url of the SHA-256 of a codeVerifier (RFC 7636, S256). It binds the login to the client that knows the verifier.',
    example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  })
  @MayBeNull()
  @Matches(CODE_CHALLENGE, { message: 'codeChallenge must be base64url of a SHA-256' })
  codeChallenge?: string;
}

/** Body of a link, with the proof that the owner of this account is present. */
export class LinkWebsiteRequest extends WebsiteLoginRequest {
  @OwnerProofProperty()
  proof?: OwnerProofRequest;
}

/** Query of authorize. */
export class AuthorizeRequest extends WebsiteLoginRequest {
  @UiLocalesProperty("Languages of WeChat's page and of ours by preference, before Accept-Language.")
  ui_locales?: string;

  @ApiProperty({
    required: false,
    description:
      'A website app, or an official account for a page inside WeChat; if absent, the first of WECHAT_WEBSITES.',
  })
  override appId?: string;

  @ApiProperty({
    required: false,
    description:
      "From a mini program's web-view-tickets. It requires codeChallenge, and no page of WeChat is shown.",
    maxLength: 128,
  })
  @MayBeNull()
  @IsString()
  @MaxLength(128)
  ticket?: string;
}

/** Body of a redeem. */
export class RedeemRequest {
  @ApiProperty({ description: 'From the query of returnTo: 60 seconds, one use.', maxLength: 128 })
  @IsString()
  @MaxLength(128)
  loginCode!: string;

  @ApiProperty({
    description:
      'The verifier of RFC 7636 whose SHA-256 the login was begun with as `codeChallenge`. Required with a challenge, else left out.',
    required: false,
    example: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  })
  @MayBeNull()
  @Matches(CODE_VERIFIER, { message: 'codeVerifier must be 43 to 128 unreserved characters' })
  codeVerifier?: string;
}
