import { randomUUID } from 'node:crypto';
import { Browser, locationOf } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { type Pkce, pkce } from '../harness/pkce.js';
import type { AttemptReply, Person, TokenReply } from '../harness/world.js';
import { EventReader } from './event-reader.js';
import type { Wiring } from './wiring.js';

/** What somebody was told who did not get in. */
export class Refusal extends Error {
  /** @param requestId of the reply, `null` where it was none of a replica */
  constructor(
    readonly requestId: string | null,
    step: string,
    reply: Reply<unknown>,
  ) {
    super(`${step} ${reply.status} ${reply.headers.get('location') ?? reply.text}`);
  }

  /** @throws Refusal unless the reply has this status */
  static unless<Body>(status: number, step: string, reply: Reply<Body>): Reply<Body> {
    if (reply.status === status) return reply;
    throw new Refusal(reply.headers.get('x-request-id'), step, reply);
  }
}

/** A screen that shows a QR code. */
export interface Screen {
  readonly attempt: AttemptReply;
  readonly proof: Pkce;
}

/** People who log in through nginx; WeChat is the sandbox that runs beside. */
export class People {
  constructor(private readonly wiring: Wiring) {}

  /** Somebody new. */
  someone(): Promise<Person> {
    return this.sandbox<Person>('people', { id: `p-${randomUUID()}`, nickname: '小明', withUnionId: true });
  }

  /** @throws Refusal */
  async miniProgramLogin(person: Person): Promise<TokenReply> {
    const { code } = await this.sandbox<{ code: string }>('wx-login', { person: person.id });
    return this.must<TokenReply>('/v1/mini-program/login', { code });
  }

  /** By QR code. @throws Refusal */
  async websiteLogin(person: Person): Promise<TokenReply> {
    const browser = new Browser();
    const returnTo = `${this.wiring.url}/welcome`;
    const start = `${this.wiring.url}/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(returnTo)}`;
    const qrPage = locationOf(Refusal.unless(302, 'authorize', await browser.visit(start)));
    const callback = await browser.visit(await this.scanAndAllow(qrPage.href, person));
    const loginCode = this.loginCodeOf(callback);
    const token = `${this.wiring.url}/v1/web-qr-login/token`;
    return Refusal.unless(200, 'token', await browser.visit<TokenReply>(token, { json: { loginCode } })).body;
  }

  /** @throws Refusal */
  refresh(refreshToken: string): Promise<TokenReply> {
    return this.must<TokenReply>('/v1/auth/refresh', { refreshToken });
  }

  /** Begins a login on a screen. @param url of a replica, or of nginx */
  async showQrCode(url: string): Promise<Screen> {
    const proof = pkce();
    const json = {
      method: 'website',
      returnTo: `${this.wiring.url}/welcome`,
      codeChallenge: proof.challenge,
    };
    const reply = await call<AttemptReply>(`${url}/v1/web-qr-login/attempts`, { json });
    return { attempt: Refusal.unless(201, 'attempts', reply).body, proof };
  }

  /** The events of a screen's attempt. @param url of a replica, or of nginx */
  follow({ attempt }: Screen, url: string): Promise<EventReader> {
    const secret = { 'x-attempt-secret': attempt.secret };
    return EventReader.open(`${url}/v1/web-qr-login/attempts/${attempt.id}/events`, secret);
  }

  /** Scans a screen's QR code and taps allow. @returns the loginCode that the browser is sent back with, through nginx */
  async allow({ attempt }: Screen, person: Person): Promise<string> {
    return this.loginCodeOf(await call(await this.scanAndAllow(attempt.authorizeUrl ?? '', person)));
  }

  /** What the screen gets for its loginCode. @throws Refusal */
  redeem({ proof }: Screen, loginCode: string): Promise<TokenReply> {
    return this.must<TokenReply>('/v1/web-qr-login/token', { loginCode, codeVerifier: proof.verifier });
  }

  /** The uuid of the QR code on WeChat's page. */
  private async qrCodeOn(page: string): Promise<string> {
    const { text } = await call(page);
    const uuid = /\/connect\/qrcode\/([A-Za-z0-9]+)/.exec(text)?.[1];
    if (uuid === undefined) throw new Error(`no QR code on ${text.slice(0, 300)}`);
    return uuid;
  }

  /** Calls the control API of the sandbox. */
  async sandbox<Body>(path: string, json: object): Promise<Body> {
    const reply = await call<Body>(`${this.wiring.addresses.wechatUrl}/control/${path}`, { json });
    if (reply.status >= 400) throw new Error(`sandbox ${reply.status} ${reply.text}`);
    return reply.body;
  }

  private async scanAndAllow(qrPage: string, person: Person): Promise<string> {
    const uuid = await this.qrCodeOn(qrPage);
    await this.sandbox('scan', { uuid, person: person.id });
    const { redirectUrl } = await this.sandbox<{ redirectUrl: string }>('allow', { uuid });
    return redirectUrl;
  }

  private loginCodeOf(callback: Reply<unknown>): string {
    const loginCode = locationOf(Refusal.unless(302, 'callback', callback)).searchParams.get('loginCode');
    if (loginCode === null) throw new Refusal(callback.headers.get('x-request-id'), 'callback', callback);
    return loginCode;
  }

  private async must<Body>(path: string, json: object): Promise<Body> {
    return Refusal.unless(200, path, await call<Body>(`${this.wiring.url}${path}`, { json })).body;
  }
}
