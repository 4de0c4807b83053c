import type { Person, World } from '../../../../test/harness/world.js';

/** What `wx` gives to `fail`. */
interface Failure {
  readonly errMsg: string;
  readonly errno?: number;
}

interface Callbacks<Result = object> {
  readonly success?: (result: Result) => void;
  readonly fail?: (failure: Failure) => void;
}

interface Request extends Callbacks<{ statusCode: number; data: unknown; header: Record<string, string> }> {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>>;
  readonly filePath?: string;
  readonly name?: string;
}

type PrivacyListener = (resolve: (answer: PrivacyAnswer) => void, info: { referrer: string }) => void;
interface PrivacyAnswer {
  readonly event: string;
  readonly buttonId?: string;
}

/**
 * WeChat on a phone, as far as the example uses it: `wx` in callback style over the sandbox and the service. What the
 * person decides is set in the fields. Storage outlives a restart of the mini program.
 */
export class WeChat {
  readonly storage = new Map<string, unknown>();
  /** Method and path of each call, in order. */
  readonly sent: string[] = [];
  /** Addresses that were opened, in order. */
  readonly opened: string[] = [];
  readonly privacyAnswers: PrivacyAnswer[] = [];
  wxLogins = 0;
  title = '';
  language = 'en';
  /** `call`: there is no network. `answer`: the call arrives, and only the answer is lost. */
  lost: 'nothing' | 'call' | 'answer' = 'nothing';
  readonly authSetting: Record<string, boolean> = {};
  /** What the person answers when WeChat asks for a scope, and where they leave the switch in the settings. */
  allows = true;
  needsPrivacy = false;
  /** What wx.getLocation fails with. */
  locationFailure: Failure | null = null;
  /** Where a host of the example is; any other is the service. */
  readonly hosts: Record<string, string> = {};
  private privacyListener: PrivacyListener | null = null;

  constructor(
    private readonly world: World,
    private readonly person: Person,
  ) {}

  /** From now on calls wait. @returns lets them go, and all later ones */
  holdCalls(): () => void {
    const { request } = this.wx;
    const held: Request[] = [];
    this.wx.request = (call) => void held.push(call);
    return () => {
      this.wx.request = request;
      held.forEach(request);
    };
  }

  /** Number of calls so far. @param call method and path */
  callsOf(call: string): number {
    return this.sent.filter((each) => each === call).length;
  }

  readonly wx = {
    getAppBaseInfo: () => ({ language: this.language }),
    setNavigationBarTitle: ({ title }: { title: string }) => void (this.title = title),
    navigateTo: ({ url }: { url: string }) => void this.opened.push(url),
    reLaunch: ({ url }: { url: string }) => void this.opened.push(url),
    login: ({ success, fail }: Callbacks<{ code: string }>): void => {
      this.wxLogins++;
      if (this.lost === 'call') {
        later(fail, { errMsg: 'login:fail network error' });
        return;
      }
      void this.world.wxLogin(this.person).then((code) => success?.({ code }));
    },
    request: (request: Request): void => {
      const body = request.data === undefined ? {} : { body: JSON.stringify(request.data) };
      const headers = { 'content-type': 'application/json', ...request.header };
      this.send(request, { method: request.method ?? 'GET', headers, ...body }, (text) => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          return text;
        }
      });
    },
    uploadFile: (upload: Request): void => {
      void fetch(upload.filePath ?? '')
        .then((file) => file.blob())
        .then((blob) => {
          const body = new FormData();
          body.append(upload.name ?? '', blob, 'picture');
          this.send(upload, { method: 'POST', headers: { ...upload.header }, body }, (text) => text);
        });
    },
    getStorageSync: (key: string): unknown => this.storage.get(key) ?? '',
    setStorageSync: (key: string, value: unknown) => void this.storage.set(key, structuredClone(value)),
    removeStorageSync: (key: string) => void this.storage.delete(key),
    getSetting: ({ success }: Callbacks) => later(success, { authSetting: { ...this.authSetting } }),
    authorize: ({ scope, success, fail }: Callbacks & { scope: string }): void => {
      this.authSetting[scope] ??= this.allows;
      if (this.authSetting[scope]) later(success, { errMsg: 'authorize:ok' });
      else later(fail, { errMsg: 'authorize:fail auth deny', errno: 103 });
    },
    openSetting: ({ success }: Callbacks): void => {
      for (const scope of Object.keys(this.authSetting)) this.authSetting[scope] = this.allows;
      later(success, { authSetting: { ...this.authSetting } });
    },
    getLocation: ({ success, fail }: Callbacks): void => {
      const failure = this.authSetting['scope.userLocation']
        ? this.locationFailure
        : { errMsg: 'getLocation:fail auth deny' };
      if (failure) later(fail, failure);
      else later(success, { latitude: 22.54, longitude: 114.06, accuracy: 30 });
    },
    openLocation: () => void this.opened.push('map'),
    openAppAuthorizeSetting: () => void this.opened.push('settings of the phone'),
    getPrivacySetting: ({ success }: Callbacks) =>
      later(success, { needAuthorization: this.needsPrivacy, privacyContractName: '《示例隐私指引》' }),
    requirePrivacyAuthorize: ({ success, fail }: Callbacks): void =>
      this.askForPrivacy(
        'requirePrivacyAuthorize',
        () => later(success, {}),
        (failure) => later(fail, failure),
      ),
    onNeedPrivacyAuthorization: (listener: PrivacyListener) => void (this.privacyListener = listener),
    openPrivacyContract: () => void this.opened.push('privacy guide'),
    showToast: ({ title }: { title: string }) => void this.opened.push(title),
  };

  /** Calls a function of WeChat that needs the privacy guide. */
  askForPrivacy(referrer: string, go: () => void, fail: (failure: Failure) => void): void {
    if (!this.needsPrivacy) {
      go();
      return;
    }
    this.privacyListener?.(
      (answer) => {
        this.privacyAnswers.push(answer);
        if (answer.event === 'agree') {
          this.needsPrivacy = false;
          go();
        } else if (answer.event === 'disagree') {
          fail({ errMsg: `${referrer}:fail privacy permission is not authorized`, errno: 104 });
        }
      },
      { referrer },
    );
  }

  private send(request: Request, init: RequestInit, read: (text: string) => unknown): void {
    const fail = (): void => request.fail?.({ errMsg: 'request:fail' });
    const { origin, pathname, search } = new URL(request.url);
    this.sent.push(`${init.method} ${pathname}`);
    const { lost } = this;
    if (lost === 'call') return void setImmediate(fail);
    fetch(`${this.hosts[origin] ?? this.world.url}${pathname}${search}`, init)
      .then(async (reply) => ({
        statusCode: reply.status,
        data: read(await reply.text()),
        header: Object.fromEntries(reply.headers),
      }))
      .then((result) => (lost === 'answer' ? fail() : request.success?.(result)), fail);
  }
}

/** As in WeChat, no callback is called before the function has returned. */
function later<Result>(callback: ((result: Result) => void) | undefined, result: Result): void {
  setImmediate(() => callback?.(result));
}
