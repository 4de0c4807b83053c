import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { AccountModule } from './account/account.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BackgroundModule } from './background/background.module.js';
import { AvatarModule } from './avatar/avatar.module.js';
import type { PictureProgram } from './avatar/picture-program.js';
import type { PollInterval } from './background/poll-interval.js';
import type { Clock } from './common/clock.js';
import { HttpModule } from './http/http.module.js';
import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { EphemeralModule } from './ephemeral/ephemeral.module.js';
import { EventsModule } from './events/events.module.js';
import { MiniProgramModule } from './mini-program/mini-program.module.js';
import { OperatorModule } from './operator/operator.module.js';
import { MetricsModule } from './ops/metrics.module.js';
import { OpsModule } from './ops/ops.module.js';
import { PartnerModule } from './partner/partner.module.js';
import { RateLimitModule } from './rate-limit/rate-limit.module.js';
import type { PrometheusMetrics } from './ops/prometheus-metrics.js';
import type { RequestLog } from './ops/request-log.js';
import { TokenModule } from './token/token.module.js';
import { WebQrLoginModule } from './web-qr-login/web-qr-login.module.js';
import { WeChatAppModule } from './wechat-app/wechat-app.module.js';
import type { RelayTiming } from './wechat-events/relay/relay-timing.js';
import { WeChatEventsModule } from './wechat-events/wechat-events.module.js';

/** What tests and embedding programs may replace or add. */
export interface AppOptions {
  /** Tests pass a clock that they can advance. */
  readonly clock?: Clock | undefined;
  /** Tests may pass a shorter one. */
  readonly pollInterval?: PollInterval | undefined;
  /** Tests pass one that runs from the sources, or fails. */
  readonly pictureProgram?: PictureProgram | undefined;
  /** Tests may pass shorter limits. */
  readonly relayTiming?: RelayTiming | undefined;
  /** Modules of channels outside `src/` (docs/decisions/039-one-list-of-channels.md). */
  readonly doors?: readonly Type[] | undefined;
}

/** Lists all modules of the service. */
@Module({})
export class AppModule {
  static forRoot(
    config: AppConfig,
    metrics: PrometheusMetrics,
    requests: RequestLog,
    { clock, pollInterval, pictureProgram, relayTiming, doors = [] }: AppOptions = {},
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // rooms that all others use
        ConfigModule.forRoot(config, clock),
        MetricsModule.forRoot(metrics),
        HttpModule,
        DatabaseModule,
        EphemeralModule,
        BackgroundModule.forRoot(pollInterval),
        AvatarModule.forRoot(pictureProgram),
        EventsModule,
        OpsModule.forRoot(requests),
        // before the guards of AuthModule
        RateLimitModule,
        // authentication, shared by the doors
        AuthModule,
        // doors
        MiniProgramModule,
        WebQrLoginModule,
        TokenModule,
        AccountModule,
        WeChatEventsModule.forRoot(relayTiming),
        WeChatAppModule,
        OperatorModule,
        PartnerModule,
        ...doors,
      ],
    };
  }
}
