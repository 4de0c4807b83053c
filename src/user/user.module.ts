import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AcceptedTerms } from './accepted-terms.js';
import { AccountControl } from './account-control.js';
import { AvatarJob } from './avatar-job.entity.js';
import { AvatarJobs } from './avatar-jobs.js';
import { AvatarQueue } from './avatar-queue.js';
import { AvatarWorker } from './avatar-worker.js';
import { Consent } from './consent.js';
import { DeleteUser } from './delete-user.js';
import { Profiles } from './profiles.js';
import { Resealing } from './resealing.js';
import { SessionKeys } from './session-keys.js';
import { UnionId } from './union-id.entity.js';
import { User } from './user.entity.js';
import { Unlink } from './unlink.js';
import { UserAvatars } from './user-avatars.js';
import { UserDirectory } from './user-directory.js';
import { UserReplies } from './user-replies.js';
import { UserService } from './user.service.js';
import { WeChatIdentity } from './wechat-identity.entity.js';

/** Users and their WeChat identities. */
@Module({
  imports: [TypeOrmModule.forFeature([User, WeChatIdentity, UnionId, AvatarJob])],
  providers: [
    UserService,
    SessionKeys,
    Profiles,
    AvatarJobs,
    AvatarQueue,
    AvatarWorker,
    UserAvatars,
    UserReplies,
    Consent,
    DeleteUser,
    Unlink,
    Resealing,
    AccountControl,
    UserDirectory,
    AcceptedTerms,
  ],
  exports: [
    UserService,
    SessionKeys,
    Profiles,
    UserAvatars,
    UserReplies,
    Consent,
    DeleteUser,
    Unlink,
    AccountControl,
    UserDirectory,
    AcceptedTerms,
  ],
})
export class UserModule {}
