import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';

/** A token and a key with which pushes of an app may be signed and encrypted. */
export interface PushPair {
  readonly token: string;
  /** 32 bytes; `null`: only plain pushes. With a key only encrypted ones. */
  readonly aesKey: Buffer | null;
  /** The appid at the end of a push that is decrypted with the key. */
  readonly appId: string;
  /** Appids that may stand there instead. */
  readonly platforms: readonly string[];
}

/**
 * Who may push for which app. An app pushes with its own pair, else with the common one. An entry of
 * WECHAT_PUSH_APPS that is none of the apps is a third-party platform (wechat-api-2.md section 15.9, V16): the
 * apps' pushes may be signed and encrypted with its pair and end in its appid.
 */
@Injectable()
export class PushKeys {
  private readonly apps: ReadonlySet<string>;
  private readonly platforms: AppConfig['wechat']['pushApps'];

  constructor(private readonly config: AppConfig) {
    const { apps, pushApps } = config.wechat;
    this.apps = new Set(apps.map(({ appId }) => appId));
    this.platforms = pushApps.filter(({ appId }) => !this.apps.has(appId));
  }

  /** Whether pushes of this app or platform are received. */
  knows(appId: string): boolean {
    return this.apps.has(appId) || this.isPlatform(appId);
  }

  /**
   * The pairs for an app, its own first; none where push is closed. An unknown appid has those of an app, so
   * that only a sender with a token learns that it is unknown.
   */
  of(appId: string): readonly PushPair[] {
    const { push, pushApps } = this.config.wechat;
    const entry = pushApps.find((each) => each.appId === appId);
    if (entry && this.isPlatform(appId)) return [{ ...entry, platforms: [] }];
    const own = entry ?? push;
    const platforms = this.platforms.map((platform) => platform.appId);
    return [...(own ? [{ ...own, appId, platforms }] : []), ...this.platformPairs()];
  }

  /** A platform pushes in safe mode only. Plain pushes in its name would open the door of apps that have a key. */
  private platformPairs(): PushPair[] {
    return this.platforms.flatMap(({ appId, token, aesKey }) =>
      aesKey === null ? [] : [{ token, aesKey, appId, platforms: [] }],
    );
  }

  private isPlatform(appId: string): boolean {
    return this.platforms.some((platform) => platform.appId === appId);
  }
}
