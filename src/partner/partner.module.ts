import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountPage } from './account-page/account-page.js';
import { AccountPageController } from './account-page/account-page.controller.js';
import { AttemptModule } from '../attempt/attempt.module.js';
import { Cursors } from '../http/paging.js';
import { SessionModule } from '../session/session.module.js';
import { UserModule } from '../user/user.module.js';
import { WeChatModule } from '../wechat/wechat.module.js';
import { GrantsController } from './grants/grants.controller.js';
import { Grants } from './grants/grants.js';
import { PartnerGrant } from './grants/partner-grant.entity.js';
import { PartnerSubject } from './grants/partner-subject.entity.js';
import { Subjects } from './grants/subjects.js';
import { HostedPerson } from './hosted-person.js';
import { ConsentStep } from './interaction/consent-step.js';
import { InteractionController } from './interaction/interaction.controller.js';
import { Interactions } from './interaction/interactions.js';
import { LoginStep } from './interaction/login-step.js';
import { AskingPartner } from './mini-program/asking-partner.js';
import { PartnerAuthorizationsController } from './mini-program/partner-authorizations.controller.js';
import { Accounts } from './openid/accounts.js';
import { AuthorizationCodes } from './openid/authorization-codes.js';
import { Consents } from './openid/consents.js';
import { JwksFetcher } from './openid/jwks-fetcher.js';
import { OpenIdController } from './openid/openid.controller.js';
import { OpenIdConfiguration } from './openid/openid-configuration.js';
import { OpenIdModels } from './openid/openid-models.js';
import { OpenIdProvider } from './openid/openid-provider.js';
import { ConsentPage } from './pages/consent-page.js';
import { OpenIdPages } from './pages/openid-pages.js';
import { PartnerRegistration } from './registry/partner-registration.js';
import { PartnerRegistry } from './registry/partner-registry.js';
import { PartnerRemoval } from './registry/partner-removal.js';
import { PartnerRow } from './registry/partner.entity.js';
import { PartnersController } from './registry/partners.controller.js';
import { PartnerTokens } from './tokens/partner-tokens.js';
import { PartnerToken } from './tokens/partner-token.entity.js';
import { TokenPruning } from './tokens/token-pruning.js';

/** The door for partner apps: OpenID Connect. */
@Module({
  imports: [
    AttemptModule,
    SessionModule,
    UserModule,
    WeChatModule,
    TypeOrmModule.forFeature([PartnerRow, PartnerGrant, PartnerSubject, PartnerToken]),
  ],
  controllers: [
    PartnersController,
    GrantsController,
    OpenIdController,
    InteractionController,
    PartnerAuthorizationsController,
    AccountPageController,
  ],
  providers: [
    PartnerRegistry,
    PartnerRegistration,
    PartnerRemoval,
    Cursors,
    Grants,
    Subjects,
    PartnerTokens,
    TokenPruning,
    // OpenID Connect
    Accounts,
    Consents,
    JwksFetcher,
    OpenIdConfiguration,
    OpenIdModels,
    OpenIdPages,
    OpenIdProvider,
    // the pages that need the person
    AccountPage,
    HostedPerson,
    ConsentPage,
    ConsentStep,
    Interactions,
    LoginStep,
    // from mini program to mini program
    AskingPartner,
    AuthorizationCodes,
  ],
})
export class PartnerModule {}
