import type { Person, World } from '../../../../test/harness/world.js';
import { Consent, type Failure } from './consent.js';
import { Faults } from './fault.js';
import { Network, type Sent, soon } from './network.js';
import { PhoneStorage } from './phone-storage.js';
import { VirtualTime } from './virtual-time.js';

interface Callbacks<Result = object> {
  readonly success?: (result: Result) => void;
  readonly fail?: (failure: Failure) => void;
  readonly complete?: (outcome: object) => void;
}

/** What a function of `wx` gives: to `success`, or to `fail`. */
type Work = () => Promise<object>;

/**
 * A phone with WeChat and a mini program: `wx` in callback style over the sandbox and the service, with faults that a test
 * plans. What is stored and agreed to survives a restart of the mini program.
 */
export class Phone {
  readonly faults = new Faults();
  readonly storage = new PhoneStorage();
  readonly consent = new Consent();
  readonly time: VirtualTime;
  readonly network: Network;
  /** Functions that were called, in order, without those of storage and network. */
  readonly called: string[] = [];
  /** Steps that wx.getWeRunData gives. */
  steps = 4321;
  private isTapping = false;

  /** @param heard called when a server has answered, before the answer is on the phone */
  constructor(
    readonly world: World,
    readonly person: Person,
    heard?: (sent: Sent) => void,
  ) {
    this.time = new VirtualTime(world.clock);
    this.network = new Network(this.faults, this.time, heard);
  }

  /** Number of calls of a function so far. */
  callsOf(name: string): number {
    return this.called.filter((each) => each === name).length;
  }

  /** What the person does with a finger: some functions need it. */
  tap<Result>(handler: () => Result): Result {
    this.isTapping = true;
    try {
      return handler();
    } finally {
      this.isTapping = false;
    }
  }

  /** The event of a `getPhoneNumber` button that the person has allowed. */
  async phoneEvent(): Promise<{ detail: object }> {
    const { code } = await this.world.control('phone-code', { person: this.person.id });
    return { detail: { errMsg: 'getPhoneNumber:ok', code } };
  }

  /** Encrypted data as WeChat gives it. */
  encrypted(data: object): Promise<Record<string, unknown>> {
    return this.world.control('open-data', { person: this.person.id, kind: 'custom', data });
  }

  get wx(): Record<string, unknown> {
    return {
      ...this.storage.functions,
      request: this.network.request,
      uploadFile: this.network.uploadFile,
      login: this.function('login', async () => {
        if (this.network.isOffline) throw asFailure({ errMsg: 'login:fail network error', errno: 5 });
        return { code: await this.world.wxLogin(this.person) };
      }),
      checkSession: this.function('checkSession', () => Promise.resolve({})),
      getSetting: this.function('getSetting', () =>
        Promise.resolve({ authSetting: this.consent.authSetting }),
      ),
      authorize: this.function('authorize', ({ scope }) =>
        this.unless(this.consent.authorize(String(scope))),
      ),
      openSetting: this.function('openSetting', (_, isTap) => {
        if (!isTap) throw asFailure({ errMsg: 'openSetting:fail can only be invoked by user TAP gesture.' });
        this.consent.changeSettings();
        return Promise.resolve({ authSetting: this.consent.authSetting });
      }),
      getPrivacySetting: this.function('getPrivacySetting', () =>
        Promise.resolve({
          needAuthorization: this.consent.needsPrivacy,
          privacyContractName: '《隐私指引》',
        }),
      ),
      requirePrivacyAuthorize: this.function('requirePrivacyAuthorize', () =>
        this.unless(this.consent.requirePrivacy()),
      ),
      getWeRunData: this.function('getWeRunData', () =>
        this.encrypted({ stepInfoList: [{ timestamp: 1, step: this.steps }] }),
      ),
    };
  }

  private async unless(failure: Failure | null): Promise<object> {
    await soon();
    if (failure) throw asFailure(failure);
    return {};
  }

  /** A function in callback style, with the faults that are planned for it. */
  private function(
    name: string,
    work: (options: Readonly<Record<string, unknown>>, isTap: boolean) => Promise<object>,
  ) {
    return (options: Callbacks & Readonly<Record<string, unknown>> = {}): void => {
      this.called.push(name);
      const isTap = this.isTapping;
      const fault = this.faults.take(name);
      const go: Work = async () => {
        await soon();
        switch (fault?.kind) {
          case 'fails':
            throw asFailure({ errMsg: `${name}:fail`, ...fault });
          case 'gives':
            return fault.result;
          case 'waits':
            await fault.until;
            break;
          default:
        }
        return work(options, isTap);
      };
      if (fault?.kind === 'throws') throw new Error(`${name}:fail parameter error`);
      if (fault?.kind === 'hangs') return;
      void this.time.during(
        go().then(
          (result) => {
            const given = { errMsg: `${name}:ok`, ...result };
            options.success?.(given);
            options.complete?.(given);
          },
          (failure: unknown) => {
            const given =
              failure instanceof Refused ? failure.failure : { errMsg: `${name}:fail ${String(failure)}` };
            options.fail?.(given);
            options.complete?.(given);
          },
        ),
      );
    };
  }
}

/** Carries what WeChat gives to `fail` through promises. */
class Refused extends Error {
  constructor(readonly failure: Failure) {
    super(failure.errMsg);
  }
}
const asFailure = ({ errMsg, errno }: Failure): Refused =>
  new Refused({ errMsg, ...(errno === undefined ? {} : { errno }) });
