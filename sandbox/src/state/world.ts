import { Pushes } from '../push/pushes.js';
import { AppTokens } from './app-tokens.js';
import { Apps, type AppsConfig } from './apps.js';
import { Balances } from './balances.js';
import { CallLog } from './calls.js';
import { SandboxClock } from './clock.js';
import { Codes } from './codes.js';
import { DayCounts } from './day-counts.js';
import { Faults } from './faults.js';
import { Goods } from './goods.js';
import { MinuteCounts } from './minute-counts.js';
import { Openings } from './openings.js';
import { Orders } from './orders.js';
import { type PayAppKey, PayKeys } from './pay-keys.js';
import { People } from './people.js';
import { PhoneCodes } from './phone-codes.js';
import { PushAccounts, type PushSetUp } from './push-accounts.js';
import { QrLogins } from './qr-logins.js';
import { ServiceAddress } from './service-address.js';
import { SessionKeys } from './session-keys.js';
import type { Settings } from './settings.js';
import { Tickets } from './tickets.js';
import { UserKeys } from './user-keys.js';
import { UserTokens } from './user-tokens.js';
import { WxStorage } from './wx-storage.js';
import { WxaCodes } from './wxacodes.js';

/** What the sandbox starts with, and returns to at a reset. */
export interface SetUp {
  apps: AppsConfig;
  settings: Readonly<Settings>;
  service: ServiceAddress;
  /** Without a slash at its end. */
  shopUrl: string;
  push: PushSetUp;
  payAppKeys: readonly PayAppKey[];
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The state of the sandbox. It is in memory only. */
export class World {
  readonly clock: SandboxClock;
  readonly apps: Apps;
  readonly people = new People();
  readonly codes: Codes;
  readonly phoneCodes: PhoneCodes;
  readonly sessionKeys: SessionKeys;
  readonly appTokens: AppTokens;
  readonly tickets: Tickets;
  readonly userKeys: UserKeys;
  readonly userTokens: UserTokens;
  readonly qrLogins: QrLogins;
  readonly wxaCodes: WxaCodes;
  readonly openings: Openings;
  readonly minuteCounts: MinuteCounts;
  readonly dayCounts: DayCounts;
  readonly payKeys: PayKeys;
  readonly orders: Orders;
  readonly balances = new Balances();
  readonly goods = new Goods();
  readonly pushAccounts: PushAccounts;
  readonly pushes: Pushes;
  readonly wxStorage = new WxStorage();
  readonly faults = new Faults();
  readonly calls = new CallLog();
  readonly service: ServiceAddress;
  /** Where the sample mini program orders; it calls no other shop. */
  readonly shopUrl: string;
  settings: Settings;
  private readonly initialSettings: Readonly<Settings>;
  private readonly closers = new Set<() => void>();

  constructor({ apps, settings, service, shopUrl, push, payAppKeys, now }: SetUp) {
    this.clock = new SandboxClock(now);
    this.service = service;
    this.shopUrl = shopUrl;
    this.apps = new Apps(apps);
    this.codes = new Codes(this.clock);
    this.phoneCodes = new PhoneCodes(this.clock);
    this.sessionKeys = new SessionKeys(this.clock);
    this.minuteCounts = new MinuteCounts(this.clock);
    this.dayCounts = new DayCounts(this.clock);
    this.appTokens = new AppTokens(this.clock, this.dayCounts);
    this.tickets = new Tickets(this.clock);
    this.userKeys = new UserKeys(this.clock);
    this.userTokens = new UserTokens(this.clock);
    this.qrLogins = new QrLogins(this.clock);
    this.wxaCodes = new WxaCodes(this.clock);
    this.openings = new Openings(this.clock);
    this.payKeys = new PayKeys(payAppKeys);
    this.orders = new Orders(this.clock);
    this.pushAccounts = new PushAccounts(push);
    this.pushes = new Pushes(this.clock, service, () => this.settings.pushTimeoutSeconds);
    this.initialSettings = settings;
    this.settings = { ...settings };
  }

  /**
   * Restores the state of the start: sample people, no codes, tokens, QR codes, faults or calls, no clock offset. The
   * address of the service stays: it belongs to the set-up.
   */
  reset(): void {
    this.settings = { ...this.initialSettings };
    const issued = [
      this.codes,
      this.phoneCodes,
      this.appTokens,
      this.tickets,
      this.userTokens,
      this.wxaCodes,
      this.openings,
      this.pushes,
    ];
    const people = [this.people, this.sessionKeys, this.userKeys, this.wxStorage];
    const payments = [this.orders, this.balances, this.goods];
    const rest = [this.pushAccounts, this.minuteCounts, this.dayCounts, this.faults, this.calls];
    // The clock and the QR logins last: they wake held calls, which must find the new state.
    for (const part of [...issued, ...people, ...payments, ...rest, this.clock, this.qrLogins]) part.reset();
  }

  /** Calls `listener` when the sandbox closes; the returned function ends that. */
  onClose(listener: () => void): () => void {
    this.closers.add(listener);
    return () => this.closers.delete(listener);
  }

  /** Releases all held calls, so that closing does not wait for them, and sends nothing more. */
  close(): void {
    for (const closer of [...this.closers]) closer();
    this.pushes.reset();
  }
}
