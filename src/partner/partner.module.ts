import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Grants } from './grants/grants.js';
import { PartnerGrant } from './grants/partner-grant.entity.js';
import { PartnerSubject } from './grants/partner-subject.entity.js';
import { Subjects } from './grants/subjects.js';
import { PartnerRegistry } from './registry/partner-registry.js';
import { PartnerRow } from './registry/partner.entity.js';
import { PartnerToken } from './tokens/partner-token.entity.js';

/** The door for partner apps: OpenID Connect. */
@Module({
  imports: [TypeOrmModule.forFeature([PartnerRow, PartnerGrant, PartnerSubject, PartnerToken])],
  providers: [PartnerRegistry, Grants, Subjects],
})
export class PartnerModule {}
