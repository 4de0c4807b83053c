import { Body, Controller, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { type Attempt, type AttemptState, stateOf } from '../attempt/attempt.js';
import { Attempts } from '../attempt/attempts.js';
import { LoginCodes, pendingLogin } from '../attempt/login-codes.js';
import { CurrentSession } from '../auth/access-token/access-token.js';
import { CodeRequest } from '../auth/code.requests.js';
import { WeChatAuthGuard } from '../auth/wechat-auth.guard.js';
import { CurrentLogin, LoginBy } from '../auth/wechat-login-request.js';
import { ApiProblems, CODE_EXCHANGE_PROBLEMS } from '../http/problem-docs.js';
import { Clock } from '../common/clock.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { AppConfig } from '../config/app-config.js';
import { Refusals } from '../events/refusals.js';
import { deviceNames } from '../session/device.js';
import type { SessionOfUser } from '../session/session-rows.js';
import type { ResolvedLogin } from '../user/user.service.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { freshCodeOfSession, SamePerson } from '../auth/same-person.js';
import { DecidableScanGuard } from './decidable-scan.guard.js';
import { MiniProgramSessionGuard } from '../auth/mini-program-session.guard.js';

const STATUSES = ['scanned', 'confirmed', 'denied'] as const;

/** Reply: the status of a scan. */
export class ScanStatusReply {
  @ApiProperty({ description: 'What was decided.', enum: STATUSES, example: 'confirmed' })
  status!: AttemptState['status'];
}

/** The device that requests the login. The person decides by it. */
export class AskingDeviceReply {
  @ApiProperty({
    description: 'The browser that shows the code; `null` where it is unknown.',
    type: String,
    nullable: true,
    example: 'Chrome 142',
  })
  browser!: string | null;

  @ApiProperty({
    description: 'Its operating system; `null` where it is unknown.',
    type: String,
    nullable: true,
    example: 'Windows 10',
  })
  os!: string | null;

  @ApiProperty({ description: 'Its IP address.', type: String, nullable: true, example: '203.0.113.7' })
  ip!: string | null;

  @ApiProperty({
    description: 'When the code was requested.',
    format: 'date-time',
    example: '2026-11-21T08:30:00.000Z',
  })
  requestedAt!: string;
}

/** The site that requests the login. The person decides by it, too. */
export class AskingSiteReply {
  @ApiProperty({
    description: 'Host of returnTo, in ASCII (`xn--`), so that look-alike letters are visible.',
    example: 'shop.example.com',
  })
  host!: string;

  @ApiProperty({ description: 'BRAND_NAME.', example: 'Example Shop' })
  name!: string;
}

/** Reply of a scan. */
export class ScanReply extends ScanStatusReply {
  @ApiProperty({ description: 'The website that requests the login.', type: AskingSiteReply })
  site!: AskingSiteReply;

  @ApiProperty({ description: 'The device that shows the code.', type: AskingDeviceReply })
  device!: AskingDeviceReply;
}

const SCAN_PROBLEMS: readonly ErrorCode[] = [
  'MINI_PROGRAM_SESSION_REQUIRED',
  'SCAN_UNKNOWN',
  'SCAN_TAKEN',
  'STORE_UNAVAILABLE',
];

/**
 * A mini program that was opened by the mini program code of a login. The ticket is the scene of that code.
 * All routes are idempotent.
 */
@ApiTags('mini program')
@ApiBearerAuth()
@ApiParam({
  name: 'ticket',
  description: '`decodeURIComponent(query.scene)` of the page that the code opened.',
  example: 'Zk3v9QmX2LrT8wPbY5nHc7DfJg4Ks6Va',
})
@RateLimit('scans')
@Controller('v1/mini-program/scans/:ticket')
export class ScansController {
  constructor(
    private readonly attempts: Attempts,
    private readonly loginCodes: LoginCodes,
    private readonly samePerson: SamePerson,
    private readonly clock: Clock,
    private readonly refusals: Refusals,
    private readonly config: AppConfig,
  ) {}

  /**
   * Opens a scan. The waiting screen learns that the code was scanned, and the person learns which device
   * requests the login.
   */
  @Post()
  @HttpCode(200)
  @UseGuards(MiniProgramSessionGuard)
  @ApiOperation({
    summary: 'Open a scan',
    description:
      'The mini program calls it with the `scene` of the code that was scanned. The reply says which site requests the login, from which device, and when, so that the person can decide. The attempt becomes `scanned` and belongs to this person.',
    operationId: 'openScan',
  })
  @ApiOkResponse({ type: ScanReply })
  @ApiProblems({ bearer: true }, ...SCAN_PROBLEMS)
  async open(
    @Param('ticket') ticket: string,
    @CurrentSession() { identity }: SessionOfUser,
  ): Promise<ScanReply> {
    const attempt = await this.attempts.scan(ticket, identity);
    const { device, origin, requestedAt } = attempt;
    return {
      ...this.status(attempt),
      site: { host: new URL(origin).host, name: this.config.brand.name },
      device: {
        ...deviceNames(device.userAgent),
        ip: device.ip,
        requestedAt: new Date(requestedAt).toISOString(),
      },
    };
  }

  /**
   * Confirms the login. The fresh code shows that the person is present: an access token, which may be
   * stolen, does not open a session on its own.
   */
  @Post('confirm')
  @HttpCode(200)
  @UseGuards(MiniProgramSessionGuard, DecidableScanGuard, WeChatAuthGuard)
  @LoginBy(freshCodeOfSession)
  @ApiOperation({
    summary: 'Confirm a scan',
    description:
      'The person confirms. The fresh code of `wx.login` shows that the person of the access token holds the phone. The waiting screen gets a loginCode.',
    operationId: 'confirmScan',
  })
  @ApiOkResponse({ type: ScanStatusReply })
  @ApiProblems(
    { bearer: true, body: true },
    ...SCAN_PROBLEMS,
    'SCAN_REQUIRED',
    'SCAN_DECIDED',
    ...CODE_EXCHANGE_PROBLEMS,
    'TOKEN_CODE_MISMATCH',
  )
  async confirm(
    @Param('ticket') ticket: string,
    @Body() _body: CodeRequest,
    @CurrentLogin() login: ResolvedLogin,
    @CurrentSession() session: SessionOfUser,
  ): Promise<ScanStatusReply> {
    const identityId = await this.samePerson.identityOf(session, login);
    const attempt = await this.attempts.confirm(ticket, identityId, (asked, key) => {
      const { binding, device, isHosted: termsShown } = asked;
      const hostedBrowser = termsShown ? asked.watchers.browser : null;
      const login = { channel: 'scan', identityId, attempt: key, binding, device } as const;
      return this.loginCodes.issue(pendingLogin({ ...login, hostedBrowser, termsShown }, this.clock.now()));
    });
    return this.status(attempt);
  }

  /** Refuses the login. */
  @Post('deny')
  @HttpCode(200)
  @UseGuards(MiniProgramSessionGuard)
  @ApiOperation({
    summary: 'Refuse a scan',
    description: 'The person refuses. The waiting screen learns it, and nobody is logged in.',
    operationId: 'denyScan',
  })
  @ApiOkResponse({ type: ScanStatusReply })
  @ApiProblems({ bearer: true }, ...SCAN_PROBLEMS, 'SCAN_REQUIRED', 'SCAN_DECIDED')
  async deny(
    @Param('ticket') ticket: string,
    @CurrentSession() { identity, user }: SessionOfUser,
  ): Promise<ScanStatusReply> {
    const { attempt, isFirst } = await this.attempts.deny(ticket, identity.id);
    const known = { channel: 'scan', appId: identity.appId, userId: user.id } as const;
    if (isFirst) await this.refusals.login('LOGIN_DENIED', known);
    return this.status(attempt);
  }

  private status(attempt: Attempt): ScanStatusReply {
    return { status: stateOf(attempt, this.clock.now()).status };
  }
}
