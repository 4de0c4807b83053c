import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Attempts } from '../../attempt/attempts.js';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { LoginCodes } from '../../attempt/login-codes.js';
import { AppError } from '../../common/app-error.js';
import type { ErrorCode } from '../../common/error-catalogue.js';
import { noteInRequest } from '../../http/request-context.js';
import type { SessionOfUser } from '../../session/session-rows.js';
import { UserService } from '../../user/user.service.js';
import type { OwnerProofRequest } from './owner-proof.requests.js';
import { WeChatStrategy } from '../wechat.strategy.js';

/** Errors of a proof that identifies nobody. The reply is the same as for the proof of another person. */
const UNIDENTIFIED: ReadonlySet<ErrorCode> = new Set([
  'WECHAT_CODE_INVALID',
  'WECHAT_CODE_USED',
  'TOKEN_CODE_MISMATCH',
  'ACCOUNT_DISABLED',
  'LOGIN_CODE_INVALID',
]);

/**
 * Adding a way to log in requires proof that the owner is present. An access token is not enough, because it
 * may be stolen (docs/decisions/033).
 */
@Injectable()
export class OwnerProof {
  constructor(
    private readonly strategy: WeChatStrategy,
    private readonly loginCodes: LoginCodes,
    private readonly attempts: Attempts,
    private readonly cookie: BrowserCookie,
    private readonly users: UserService,
  ) {}

  /**
   * Checks a proof and uses it up.
   * @param request carries the cookie that a loginCode may be bound to
   * @throws AppError OWNER_PROOF_REQUIRED, recorded; VALIDATION_FAILED for a proof with both a code and a
   * loginCode; errors of WeChat that prevent the check
   */
  async require(
    { user, identity }: SessionOfUser,
    proof: OwnerProofRequest | undefined,
    request: FastifyRequest,
  ): Promise<void> {
    if (proof?.code !== undefined && proof.loginCode !== undefined) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ field: 'proof', message: 'proof must hold either a code or a loginCode' }],
      });
    }
    if (proof && (await this.ownerOf(proof, user.id, request))) return;
    const channel = proof?.loginCode === undefined ? 'mini-program' : 'website';
    noteInRequest({ asks: { channel, purpose: 'link' }, userId: user.id, appId: identity.appId });
    throw new AppError('OWNER_PROOF_REQUIRED');
  }

  private async ownerOf(proof: OwnerProofRequest, userId: string, request: FastifyRequest): Promise<boolean> {
    try {
      if (proof.code !== undefined) return await this.isOwnersCode(proof.code, proof.appId, userId);
      if (proof.loginCode !== undefined) {
        return await this.isOwnersLoginCode(proof.loginCode, proof.codeVerifier, userId, request);
      }
      return false;
    } catch (error) {
      if (error instanceof AppError && UNIDENTIFIED.has(error.code)) return false;
      throw error;
    }
  }

  private async isOwnersCode(code: string, appId: string | undefined, userId: string): Promise<boolean> {
    const asked = { channel: 'mini-program', purpose: 'recognise', code, appId } as const;
    const found = await this.strategy.validate({ wechatLoginRequest: asked });
    if (!found?.resolved) return false;
    // Needed on a mismatch too, because WeChat has just replaced this person's session_key.
    await this.users.settle(found.resolved);
    return found.resolved.user.id === userId;
  }

  private async isOwnersLoginCode(
    loginCode: string,
    codeVerifier: string | undefined,
    userId: string,
    request: FastifyRequest,
  ): Promise<boolean> {
    const pending = await this.loginCodes.find(loginCode, this.cookie.read(request), codeVerifier);
    // The tap of a known person on the login page does not show that they used WeChat a moment ago.
    if (pending.kind !== 'log-in' || pending.hostedLogin !== null) return false;
    const login = await this.users.findIdentity(pending.identityId);
    if (login?.user.id !== userId) return false;
    await this.loginCodes.use(loginCode);
    await this.users.keepRefreshToken(pending.identityId, pending.refreshToken, pending.loginAt);
    // A browser that still watches the attempt learns that its loginCode was used.
    if (pending.attempt !== null) await this.attempts.redeemed(pending.attempt).catch(() => undefined);
    return true;
  }
}
