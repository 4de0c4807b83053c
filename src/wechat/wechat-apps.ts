import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { type AppKind, appKind } from '../channel/app-kinds.js';
import { AppConfig, type WeChatApp } from '../config/app-config.js';

/** The apps that the operator configured. */
@Injectable()
export class WeChatApps {
  constructor(private readonly config: AppConfig) {}

  /**
   * Returns the app with this kind and AppID. Without an AppID, returns the first app of the kind.
   * @throws AppError APP_UNKNOWN, before anything is sent to WeChat
   */
  find(kind: AppKind, appId: string | undefined): WeChatApp {
    const app = this.config.wechat.apps.find(
      (candidate) => candidate.kind === kind && (appId === undefined || candidate.appId === appId),
    );
    if (!app) {
      throw new AppError('APP_UNKNOWN', {
        detail:
          appId === undefined
            ? `No app of the kind ${kind} is configured.`
            : `There is no app of the kind ${kind} with this appId.`,
      });
    }
    return app;
  }

  /** The kind of an app; `null` if it is not configured. */
  kindOf(appId: string): AppKind | null {
    return this.config.wechat.apps.find((app) => app.appId === appId)?.kind ?? null;
  }

  /**
   * Returns an app that has an access token of its own (mini program or official account).
   * @throws AppError APP_UNKNOWN
   */
  withAccessToken(appId: string): WeChatApp {
    const app = this.config.wechat.apps.find(
      (candidate) => candidate.appId === appId && appKind(candidate.kind).hasAccessToken,
    );
    if (!app)
      throw new AppError('APP_UNKNOWN', {
        detail: 'There is no mini program or official account with this appId.',
      });
    return app;
  }
}
