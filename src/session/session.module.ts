import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UserModule } from '../user/user.module.js';
import { PartnerSigningKey } from './keys/partner-signing-key.entity.js';
import { PartnerSigningKeys } from './keys/partner-signing-keys.js';
import { SigningKey } from './keys/signing-key.entity.js';
import { RefreshTokens } from './refresh-token.js';
import { SessionLimit } from './session-limit.js';
import { Session } from './session.entity.js';
import { SessionPruning } from './session-pruning.js';
import { SessionService } from './session.service.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './token.service.js';
import { VerifiedSessions } from './verified-sessions.js';

/** Sessions and their tokens. */
@Module({
  imports: [TypeOrmModule.forFeature([Session, SigningKey, PartnerSigningKey]), UserModule],
  providers: [
    SessionService,
    TokenService,
    RefreshTokens,
    SigningKeys,
    PartnerSigningKeys,
    VerifiedSessions,
    SessionLimit,
    SessionPruning,
  ],
  exports: [SessionService, TokenService, SigningKeys, PartnerSigningKeys],
})
export class SessionModule {}
