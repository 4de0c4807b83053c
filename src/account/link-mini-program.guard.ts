import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedState } from '../auth/access-token/access-token.js';
import { AppCodeRequest } from '../auth/code.requests.js';
import { OwnerProof } from '../auth/owner-proof/owner-proof.js';
import { OwnerProofProperty, OwnerProofRequest } from '../auth/owner-proof/owner-proof.requests.js';
import { validated } from '../http/validation.js';

/**
 * Body: a fresh code of the WeChat account to link, and the proof that the owner of this account is present.
 */
export class LinkMiniProgramRequest extends AppCodeRequest {
  @OwnerProofProperty()
  proof?: OwnerProofRequest;
}

/** Checks the proof before the single-use code of the new WeChat account is exchanged. */
@Injectable()
export class LinkMiniProgramGuard implements CanActivate {
  constructor(private readonly proof: OwnerProof) {}

  /** @throws AppError VALIDATION_FAILED, OWNER_PROOF_REQUIRED */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedState>();
    const { session } = request;
    if (!session) throw new Error('LinkMiniProgramGuard runs after AccessTokenGuard');
    const { proof } = validated(LinkMiniProgramRequest, request.body);
    await this.proof.require(session, proof, request);
    return true;
  }
}
