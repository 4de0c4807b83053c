import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { type Context, createContext, type Module, runInNewContext, SourceTextModule } from 'node:vm';
import { MINI_PROGRAM, type Person, type World } from './world.js';

/** Behaviour of the phone's storage: it works, every call throws, or it discards values silently. */
export type StorageState = 'good' | 'throws' | 'loses';

/** A call of wx.request or wx.uploadFile. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly data: unknown;
}

interface Failure {
  readonly errMsg: string;
  readonly errno?: number;
}

interface Callbacks<Result> {
  readonly success: (result: Result) => void;
  readonly fail: (failure: Failure) => void;
}

interface WxRequest extends Callbacks<{ statusCode: number; data: unknown; header: Data }> {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>>;
}

interface WxUpload extends WxRequest {
  readonly filePath: string;
  readonly name: string;
}

type Data = Record<string, unknown>;
type Handler = (argument?: unknown) => unknown;

/** How a mini program came to the foreground (`wx.getEnterOptionsSync`). */
export interface EnterOptions {
  readonly scene: number;
  readonly referrerInfo?: { readonly appId: string; readonly extraData?: unknown };
}

/** What wx.requestVirtualPayment takes, and what it says. */
export interface PaymentOptions {
  readonly signData: string;
  readonly mode: string;
  readonly paySig: string;
  readonly signature: string;
}
export interface PaymentAnswer {
  readonly errMsg: string;
  readonly errCode: number;
}

interface ToMiniProgram extends Partial<Callbacks<Data>> {
  readonly appId: string;
  readonly path?: string;
  readonly extraData?: unknown;
}

const FROM_THE_LIST = 1001;
const OPENED_BY_MINI_PROGRAM = 1037;
const BACK_FROM_MINI_PROGRAM = 1038;

/**
 * A phone with a mini program: the parts of `wx` that the samples use, in callback style and with WeChat's
 * defaults (the content type is JSON, uploads return text). WeChat is the sandbox, the service is the
 * world's. Storage survives restarts of the mini program.
 */
export class Phone {
  readonly storage = new Map<string, unknown>();
  readonly sent: Sent[] = [];
  storageState: StorageState = 'good';
  /**
   * Which part of a call is lost, as without a network. `answer`: the call arrives, and only the answer is
   * lost.
   */
  lost: 'nothing' | 'call' | 'answer' = 'nothing';
  wxLogins = 0;
  /** WeChat's settings: what the person has decided, by scope. */
  readonly authSetting: Record<string, boolean> = {};
  /** What the person answers to a prompt of WeChat, and where they leave the switches in its settings. */
  allows = true;
  needsPrivacy = false;
  /** WeChat's payment, with what the person answers to its window. */
  pays: (options: PaymentOptions) => Promise<PaymentAnswer> = (options) =>
    this.world.control<PaymentAnswer>('virtual-payments', { person: this.person.id, ...options });
  /** Number of prompts that WeChat has shown. */
  prompts = 0;
  /** What the samples have shown by wx.showToast and wx.showModal, or have written to the console. */
  readonly shown: unknown[] = [];
  /** The other mini programs that the person can open, by AppID. */
  readonly others = new Map<string, Phone>();
  /** What mini programs that this one had opened have brought back. */
  readonly returned: EnterOptions[] = [];
  private program: MiniProgram | null = null;
  /** The page on the screen, once it has loaded. */
  private onScreen: Promise<Page> | null = null;
  private entered: EnterOptions = { scene: FROM_THE_LIST };
  /** Who has opened this mini program. */
  private opener: Phone | null = null;
  private readonly appShowListeners = new Set<Handler>();
  /** What listeners and pages do since the mini program came to the foreground. */
  private working: Promise<unknown> = Promise.resolve();
  private isInTap = false;

  /**
   * @param hosts addresses by origin in the samples
   * @param files source by path, for example `pages/scan/scan.js`, or by the name of a package
   * @param appId of the mini program
   */
  constructor(
    private readonly world: World,
    readonly person: Person,
    private readonly hosts: Readonly<Record<string, string>>,
    private readonly files: ReadonlyMap<string, string>,
    readonly appId = MINI_PROGRAM,
  ) {}

  /** Number of calls to a path so far. */
  callsOf(path: string): number {
    return this.sent.filter((call) => call.path === path).length;
  }

  /** Restarts the mini program: memory is empty, storage is kept. */
  start(): MiniProgram {
    const show = (shown: unknown): void => void this.shown.push(shown);
    const console = { log: show, error: show };
    const { wx } = this;
    return new MiniProgram(
      this.files,
      createContext({ wx, uni: wx, Taro: promised(wx), console, setTimeout, clearTimeout }),
      (run) => this.inTap(run),
    );
  }

  /**
   * Brings the mini program to the foreground; starts it unless it runs. As in WeChat, the listeners of wx.onAppShow are
   * told first. @param path of the page to open anew; without it the page stays that was on the screen
   */
  enter(entered: EnterOptions, path?: string): void {
    this.entered = structuredClone(entered);
    this.program ??= this.start();
    const before = this.onScreen;
    if (path !== undefined) this.onScreen = this.program.open(path);
    this.working = Promise.all([
      this.working,
      ...[...this.appShowListeners].map((tell) => tell(this.entered)),
      before?.then((page) => page.call(path === undefined ? 'onShow' : 'onUnload')),
    ]);
  }

  /** The page on the screen, once all is done that began with coming to the foreground. */
  async page(): Promise<Page> {
    await this.working;
    const page = await this.onScreen;
    if (!page) throw new Error('no page is open');
    return page;
  }

  /** The person closes this mini program, and is in the one again that had opened it. */
  close(): void {
    this.goBack(undefined);
  }

  private goBack(extraData: unknown): boolean {
    const { opener, appId } = this;
    if (!opener) return false;
    this.opener = null;
    const back = { scene: BACK_FROM_MINI_PROGRAM, referrerInfo: { appId, extraData } };
    opener.returned.push(structuredClone(back));
    opener.enter(back);
    return true;
  }

  /** What is called before the handler of a tap first waits is called by the tap. */
  private inTap<Result>(run: () => Result): Result {
    this.isInTap = true;
    try {
      return run();
    } finally {
      this.isInTap = false;
    }
  }

  private readonly wx = {
    login: ({ success }: Callbacks<{ code: string }>): void => {
      this.wxLogins++;
      void this.world.wxLogin(this.person).then((code) => success({ code }));
    },
    request: (request: WxRequest): void => {
      const { method = 'GET', data } = request;
      const body = data === undefined ? {} : { body: JSON.stringify(data) };
      const headers = { 'content-type': 'application/json', ...request.header };
      this.send(request, { method, headers, ...body }, (text) => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          return text;
        }
      });
    },
    uploadFile: (upload: WxUpload): void => {
      void fetch(upload.filePath)
        .then((file) => file.blob())
        .then((blob) => {
          const body = new FormData();
          body.append(upload.name, blob, 'picture');
          this.send(upload, { method: 'POST', headers: { ...upload.header }, body }, (text) => text);
        });
    },
    getWeRunData: ({ success }: Callbacks<Data>): void => {
      const data = { stepInfoList: [{ timestamp: 1, step: 4321 }] };
      void this.world
        .control<Data>('open-data', { person: this.person.id, kind: 'custom', data })
        .then(success);
    },
    getSetting: ({ success }: Callbacks<Data>) => later(success, { authSetting: { ...this.authSetting } }),
    authorize: ({ scope, success, fail }: Callbacks<Data> & { scope: string }): void => {
      if (!(scope in this.authSetting)) this.prompts++;
      this.authSetting[scope] ??= this.allows;
      if (this.authSetting[scope]) later(success, { errMsg: 'authorize:ok' });
      else later(fail, { errMsg: 'authorize:fail auth deny', errno: 103 });
    },
    openSetting: ({ success }: Callbacks<Data>): void => {
      for (const scope of Object.keys(this.authSetting)) this.authSetting[scope] = this.allows;
      later(success, { authSetting: { ...this.authSetting } });
    },
    getLocation: ({ success, fail }: Callbacks<Data>): void => {
      if (this.authSetting['scope.userLocation']) later(success, { latitude: 22.54, longitude: 114.06 });
      else later(fail, { errMsg: 'getLocation:fail auth deny' });
    },
    getPrivacySetting: ({ success }: Callbacks<Data>) =>
      later(success, { needAuthorization: this.needsPrivacy, privacyContractName: '' }),
    requirePrivacyAuthorize: ({ success, fail }: Callbacks<Data>): void => {
      this.prompts++;
      this.needsPrivacy = !this.allows;
      if (this.allows) later(success, {});
      else
        later(fail, {
          errMsg: 'requirePrivacyAuthorize:fail privacy permission is not authorized',
          errno: 104,
        });
    },
    requestVirtualPayment: (options: PaymentOptions & Callbacks<PaymentAnswer>): void => {
      const { signData, mode, paySig, signature, success, fail } = options;
      void this.pays({ signData, mode, paySig, signature }).then((answer) =>
        answer.errCode === 0 ? success(answer) : fail(answer),
      );
    },
    getUserCryptoManager: () => ({
      getLatestUserKey: ({ success }: Callbacks<Data>): void => {
        const { id: person } = this.person;
        void this.world.control<Data>('user-keys', { person, appId: this.appId }).then(success);
      },
      getRandomValues: ({ length, success }: Callbacks<Data> & { readonly length: number }): void =>
        later(success, { randomValues: new Uint8Array(randomBytes(length)).buffer }),
    }),
    getEnterOptionsSync: (): EnterOptions => structuredClone(this.entered),
    onAppShow: (listener: Handler) => void this.appShowListeners.add(listener),
    offAppShow: (listener: Handler) => void this.appShowListeners.delete(listener),
    navigateToMiniProgram: ({ appId, path, extraData, success, fail }: ToMiniProgram): void => {
      const other = this.others.get(appId);
      if (!this.isInTap || !this.allows || !other) {
        const why = this.isInTap ? 'cancel' : 'can only be invoked by user TAP gesture.';
        later(fail, { errMsg: `navigateToMiniProgram:fail ${why}` });
        return;
      }
      other.opener = this;
      const referrerInfo = { appId: this.appId, extraData };
      other.enter({ scene: OPENED_BY_MINI_PROGRAM, referrerInfo }, path);
      later(success, { errMsg: 'navigateToMiniProgram:ok' });
    },
    navigateBackMiniProgram: ({ extraData, success, fail }: ToMiniProgram): void => {
      if (this.goBack(extraData)) later(success, { errMsg: 'navigateBackMiniProgram:ok' });
      else later(fail, { errMsg: 'navigateBackMiniProgram:fail' });
    },
    showToast: ({ title }: { title: string }) => void this.shown.push(title),
    showModal: ({ title, content }: { title: string; content: string }) =>
      void this.shown.push(`${title} ${content}`),
    getStorageSync: (key: string): unknown => {
      this.storageWorks();
      return this.storage.get(key) ?? '';
    },
    setStorageSync: (key: string, value: unknown): void => {
      this.storageWorks();
      if (this.storageState === 'good') this.storage.set(key, structuredClone(value));
    },
    removeStorageSync: (key: string): void => {
      this.storageWorks();
      this.storage.delete(key);
    },
  };
  private storageWorks(): void {
    if (this.storageState === 'throws') throw new Error('setStorage:fail the maximum size was exceeded');
  }

  private send(request: WxRequest, init: RequestInit, read: (text: string) => unknown): void {
    const fail = (): void => request.fail({ errMsg: 'request:fail' });
    const { origin, pathname, search } = new URL(request.url);
    this.sent.push({ method: init.method ?? '', path: pathname, data: request.data });
    const { lost } = this;
    if (lost === 'call') return void setImmediate(fail);
    fetch(`${this.hosts[origin] ?? origin}${pathname}${search}`, init)
      .then(async (reply) => ({
        statusCode: reply.status,
        data: read(await reply.text()),
        header: Object.fromEntries(reply.headers),
      }))
      .then((result) => (lost === 'answer' ? fail() : request.success(result)), fail);
  }
}

/** As in WeChat, no callback is called before the function has returned. */
function later<Result>(callback: ((result: Result) => void) | undefined, result: Result): void {
  setImmediate(() => callback?.(result));
}

/** The functions of `wx` as Taro has them: they also return promises. */
function promised(wx: object): object {
  const functions = Object.entries(wx) as [string, (options: unknown) => unknown][];
  return Object.fromEntries(
    functions.map(([name, run]) => [name, name.endsWith('Sync') ? run : inPromiseStyle(run)]),
  );
}

function inPromiseStyle(run: (options: object) => unknown) {
  const both =
    <Result>(callback: ((result: Result) => void) | undefined, settle: (result: Result) => void) =>
    (result: Result): void => {
      callback?.(result);
      settle(result);
    };
  return (options: Partial<Callbacks<unknown>>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      run({ ...options, success: both(options.success, resolve), fail: both(options.fail, reject) });
    });
}

/** Runs the handler of a tap. */
type InTap = <Result>(run: () => Result) => Result;

/** One run of a mini program. Its modules are loaded once. */
export class MiniProgram {
  private readonly modules = new Map<string, Module>();
  private readonly pages = new Map<string, Record<string, unknown>>();

  constructor(
    private readonly files: ReadonlyMap<string, string>,
    private readonly context: Context,
    private readonly inTap: InTap,
  ) {}

  /** Defines a global function, such as `App`. */
  define(name: string, value: unknown): void {
    this.context[name] = value;
  }

  /** Returns the exports of a module. */
  async exportsOf<Exports>(path: string): Promise<Exports> {
    const module = this.moduleAt(path);
    if (module.status === 'unlinked') {
      await module.link((specifier, from) =>
        this.moduleAt(
          specifier.startsWith('.')
            ? `${posix.join(posix.dirname(from.identifier), specifier)}.js`
            : specifier,
        ),
      );
    }
    await module.evaluate();
    return module.namespace as Exports;
  }

  /** Opens a page and waits until it has loaded. @param path without `.js` */
  async open(path: string, query: Readonly<Record<string, string>> = {}): Promise<Page> {
    this.context.Page = (registered: Record<string, unknown>) => void this.pages.set(path, registered);
    await this.exportsOf(`${path}.js`);
    const options = this.pages.get(path);
    if (!options) throw new Error(`${path} registers no page`);
    const page = new Page(options, this.files.get(`${path}.wxml`) ?? '', this.inTap);
    await page.call('onLoad', query);
    await page.call('onShow');
    return page;
  }

  private moduleAt(path: string): Module {
    const known = this.modules.get(path);
    if (known) return known;
    const source = this.files.get(path);
    if (source === undefined) throw new Error(`there is no ${path}`);
    const module = new SourceTextModule(source, { context: this.context, identifier: path });
    this.modules.set(path, module);
    return module;
  }
}

/** An open page. */
export class Page {
  readonly data: Data = {};
  private readonly instance: Record<string, unknown>;

  constructor(
    options: Record<string, unknown>,
    private readonly wxml: string,
    private readonly inTap: InTap,
  ) {
    Object.assign(this.data, options.data);
    const setData = (data: Data): void => void Object.assign(this.data, data);
    this.instance = { ...options, data: this.data, setData };
  }

  /** Calls a handler if the page defines it. */
  async call(name: string, argument?: unknown): Promise<unknown> {
    const handler = this.instance[name] as Handler | undefined;
    return await handler?.call(this.instance, argument);
  }

  /** The visible text of the page. */
  get text(): string {
    return this.rendered().text;
  }

  /** The labels of the visible buttons. */
  get buttons(): string[] {
    return [...this.rendered().taps.keys()];
  }

  /** Taps the button with this label. */
  async tap(label: string): Promise<void> {
    const handler = this.rendered().taps.get(label);
    if (handler === undefined) throw new Error(`no button "${label}" in: ${this.text}`);
    await this.inTap(() => this.call(handler));
  }

  /** Renders the subset of WXML that the samples use: `wx:if`, `wx:elif`, `{{ }}` and `bindtap`, without images. */
  private rendered(): { text: string; taps: Map<string, string> } {
    const taps = new Map<string, string>();
    const isShown = [true];
    // Per nesting level: whether a branch of the wx:if chain was taken.
    const isTaken = [false];
    let text = '';
    let button: { handler: string; from: number } | null = null;
    for (const [token, closing, tag, attributes = ''] of this.wxml.matchAll(
      /<!--[\s\S]*?-->|<image[^>]*>|<(\/?)(view|button)([^>]*)>|[^<]+/g,
    )) {
      const isHere = isShown.at(-1) ?? false;
      if (/^<(!--|image)/.test(token)) continue;
      if (tag === undefined) {
        if (isHere) text += token.replace(/{{(.*?)}}/g, (_, expression: string) => this.value(expression));
      } else if (closing) {
        if (button && tag === 'button') taps.set(text.slice(button.from).trim(), button.handler);
        if (tag === 'button') button = null;
        isShown.pop();
        isTaken.pop();
      } else {
        const [, branch, condition] = /wx:(if|elif)="{{(.*?)}}"/.exec(attributes) ?? [];
        const isFree = branch !== 'elif' || !isTaken.at(-1);
        const isTrue =
          isHere && isFree && (condition === undefined || this.value(`!!(${condition})`) === 'true');
        if (branch !== undefined) isTaken[isTaken.length - 1] = isTrue || !isFree;
        isShown.push(isTrue);
        isTaken.push(false);
        const handler = /bindtap="(\w+)"/.exec(attributes)?.[1];
        if (isTrue && handler !== undefined) button = { handler, from: text.length };
      }
    }
    return { text: text.replace(/\s+/g, ' ').trim(), taps };
  }

  /** In WXML a name that is not in the data evaluates to undefined. */
  private value(expression: string): string {
    const data = new Proxy(this.data, { has: () => true });
    return String(runInNewContext(`with (data) (${expression})`, { data }));
  }
}
