import { Injectable } from '@nestjs/common';
import type { ChannelName } from '../../channel/channels.js';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { fingerprint, freshSecret } from '../../crypto/secret.js';
import { EphemeralStore } from '../../ephemeral/ephemeral-store.js';
import { type Binding, mayContinue } from '../../attempt/binding.js';
import { OpenLogins } from '../../attempt/open-logins.js';
import { UnreadRecords } from '../../attempt/unread-records.js';

/** A login whose browser is at WeChat's page; stored under its state. */
export interface LoginState {
  /** Says which page of WeChat it is, and so which exchange takes the code of the callback. */
  readonly channel: ChannelName;
  /** Id of the attempt that waits for it; `null` where no attempt does. */
  readonly attempt: string | null;
  readonly appId: string;
  /** Was checked against RETURN_URLS when the login began. */
  readonly returnTo: string;
  readonly binding: Binding;
  /** Fingerprint of the cookie of the browser whose hosted page began it; `null` if a website began it. */
  readonly hostedBrowser: string | null;
  /** The session that asked for a link; `null` for a login. */
  readonly linkTo: string | null;
  /** Whether a hosted page asked the person before WeChat's page. */
  readonly isAsked?: boolean | undefined;
  /** Whether the silent step has found the person: the page asks them to accept the terms alone. */
  readonly isKnown?: boolean | undefined;
  /** `ui_locales` that the login was begun with. */
  readonly uiLocales?: string | undefined;
}

/** The first callback of a state continues; a repeat gets the redirect of the first. */
export type Continuation =
  { readonly first: true; readonly login: LoginState } | { readonly first: false; readonly location: string };

/** The redirect that the first callback got. */
interface Outcome {
  readonly location: string;
  /** When repeats no longer get it (ms since 1970). */
  readonly until: number;
}

const STATE = /^[A-Za-z0-9]{1,128}$/;
const STATE_MS = 10 * 60 * 1_000;
/** How long a repeat gets the redirect of the first callback. */
const OUTCOME_MS = 60 * 1_000;
/** How long a repeat waits for the first callback: the calls to WeChat end within 4.5 s. */
const WAIT_MS = 4_900;
const POLL_MS = 50;

/** States of logins: random, valid for one app, one returnTo, one browser, one use and 10 minutes. */
@Injectable()
export class LoginStates {
  private readonly unread: UnreadRecords<LoginState>;

  constructor(
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
    private readonly openLogins: OpenLogins,
  ) {
    this.unread = new UnreadRecords(clock);
  }

  /**
   * @returns the state for WeChat's URL
   * @throws AppError STORE_UNAVAILABLE; RATE_LIMITED while too many logins of the app are open
   */
  async begin(login: LoginState): Promise<string> {
    // An attempt was counted when it began.
    if (login.attempt !== null) return this.goOn(login);
    return this.openLogins.admit(login.appId, () => this.goOn(login));
  }

  /** A further state for a login that is open already. @throws AppError STORE_UNAVAILABLE */
  async goOn(login: LoginState): Promise<string> {
    const state = freshSecret();
    await this.store.begin(key('login-state', state), JSON.stringify(login), STATE_MS);
    this.unread.keep(state, login, STATE_MS);
    return state;
  }

  /** The login of a state, used or not; `null` where the state is unknown. */
  async find(state: unknown): Promise<LoginState | null> {
    if (typeof state !== 'string' || !STATE.test(state)) return null;
    const unread = this.unread.take(state);
    if (unread) return unread;
    const stored = await this.store.get(key('login-state', state));
    return stored === null ? null : (JSON.parse(stored) as LoginState);
  }

  /** Whether a callback has come for the state. */
  async isUsed(state: string): Promise<boolean> {
    return (await this.store.get(key('login-claim', state))) !== null;
  }

  /**
   * Uses a state. Of several concurrent callbacks one is the first. The others wait for its redirect, if they have the
   * same code and come from the same browser.
   * @throws AppError STATE_INVALID
   */
  async continue(
    state: string,
    login: LoginState,
    code: string,
    browser: string | null,
  ): Promise<Continuation> {
    if (!mayContinue(login.binding, browser)) throw new AppError('STATE_INVALID');
    const claim = fingerprint(code);
    if (await this.store.setIfAbsent(key('login-claim', state), claim, STATE_MS))
      return { first: true, login };
    if ((await this.store.get(key('login-claim', state))) !== claim) throw new AppError('STATE_INVALID');
    return { first: false, location: await this.outcome(state) };
  }

  /** Stores the redirect of the first callback for its repeats. */
  async finish(state: string, location: string): Promise<void> {
    const outcome: Outcome = { location, until: this.clock.now() + OUTCOME_MS };
    // Stored longer than it is valid, so that a repeat that comes too late need not wait.
    await this.store.set(key('login-outcome', state), JSON.stringify(outcome), STATE_MS);
  }

  private async outcome(state: string): Promise<string> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const stored = await this.store.get(key('login-outcome', state));
      if (stored !== null) {
        const { location, until } = JSON.parse(stored) as Outcome;
        if (this.clock.now() < until) return location;
        throw new AppError('STATE_INVALID');
      }
      if (performance.now() > deadline) throw new AppError('STATE_INVALID');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function key(kind: string, state: string): string {
  return `${kind}:${fingerprint(state)}`;
}
