import type { PushSettings } from '../push/letter.js';

/** The message push that the sandbox starts with. */
export interface PushSetUp {
  /** Of every app without settings of its own. */
  all?: PushSettings;
  /** By AppID. */
  apps?: Readonly<Record<string, PushSettings>>;
}

/** The message push of the apps, as their operators saved it at WeChat: token, key, mode and format. */
export class PushAccounts {
  private readonly byApp = new Map<string, PushSettings>();

  constructor(private readonly setUp: PushSetUp) {
    this.reset();
  }

  find(appId: string): PushSettings | undefined {
    return this.byApp.get(appId) ?? this.setUp.all;
  }

  save(appId: string, settings: PushSettings): void {
    this.byApp.set(appId, settings);
  }

  /** Restores the settings of the start. */
  reset(): void {
    this.byApp.clear();
    for (const [appId, settings] of Object.entries(this.setUp.apps ?? {})) this.byApp.set(appId, settings);
  }
}
