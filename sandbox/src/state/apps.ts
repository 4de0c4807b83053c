/** What kind of account an AppID belongs to; every API takes only some of them. */
export type AppKind = 'mini_program' | 'website' | 'official_account';

/** An app as it is configured. `name` is what a person reads on the consent page. */
export interface AppConfig {
  appId: string;
  secret: string;
  name?: string;
}

/** The configured apps by kind; the first of a kind is its default. */
export interface AppsConfig {
  miniPrograms: AppConfig[];
  websites: AppConfig[];
  officialAccounts: AppConfig[];
}

/** A registered app. */
export interface App extends Required<AppConfig> {
  kind: AppKind;
}

/** The apps when none are configured: the same strings as the service's development defaults. */
export const DEFAULT_APPS: Readonly<AppsConfig> = {
  miniPrograms: [{ appId: 'wx5a4db0c0de000001', secret: '5a4db0c0de0000000000000000000001' }],
  websites: [{ appId: 'wx5a4db0c0de000002', secret: '5a4db0c0de0000000000000000000002' }],
  officialAccounts: [{ appId: 'wx5a4db0c0de000003', secret: '5a4db0c0de0000000000000000000003' }],
};

const NAMES: Record<AppKind, string> = {
  mini_program: '示例小程序 Demo Mini Program',
  website: '示例网站 Demo Website',
  official_account: '示例服务号 Demo Service Account',
};

/** The registered apps. They do not change while the sandbox runs. */
export class Apps {
  private readonly byId = new Map<string, App>();

  constructor(config: AppsConfig) {
    this.register('mini_program', config.miniPrograms);
    this.register('website', config.websites);
    this.register('official_account', config.officialAccounts);
  }

  /** The app of this AppID, when it is of one of the kinds. */
  find(appId: string, kinds?: readonly AppKind[]): App | undefined {
    const app = this.byId.get(appId);
    return app && (!kinds || kinds.includes(app.kind)) ? app : undefined;
  }

  /** The first app of a kind. */
  first(kind: AppKind): App | undefined {
    return this.all().find((app) => app.kind === kind);
  }

  /** All apps, in the order of configuration. */
  all(): App[] {
    return [...this.byId.values()];
  }

  private register(kind: AppKind, configs: AppConfig[]): void {
    configs.forEach((config, index) => {
      const name = config.name ?? NAMES[kind] + (index ? ` ${index + 1}` : '');
      this.byId.set(config.appId, { appId: config.appId, secret: config.secret, name, kind });
    });
  }
}
