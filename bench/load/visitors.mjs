import { keysOf } from '../keys.mjs';
import { rowId } from '../people.mjs';
import { Connection } from './connection.mjs';

/** Where a website login returns to. */
export const RETURN_TO = 'https://shop.example.com/welcome';

/** Sessions that each visitor checks in turn, because the same users return with the same token. */
const SESSIONS = 16;

let codes = 0;

/** Population and person -> refresh token, over all jobs of this process. */
const newest = new Map();

/** An unused code of WeChat; the stand-in reads the person from it. */
export function freshCode(person) {
  codes += 1;
  return `code-${person}-${process.pid.toString(36)}x${codes.toString(36)}`;
}

/** A client with one connection. Each operation rejects unless it succeeds. */
class Visitor {
  /**
   * @param nextPerson returns a person that no other visitor is at the moment
   * @param options for operations that make their tokens: `key`, ENCRYPTION_KEYS, and `population`, the name of the
   *   database with the sessions
   */
  constructor(port, nextPerson, { key, population } = {}) {
    this.connection = new Connection(port);
    this.nextPerson = nextPerson;
    this.key = key;
    this.population = population;
    this.turn = 0;
  }

  close() {
    this.connection.close();
  }

  async expect(status, ...request) {
    const reply = await this.connection.request(...request);
    if (reply.status !== status) throw new Error(`${request[0]} ${request[1]}: ${reply.head}\n${reply.body}`);
    return reply;
  }

  inTurn(list) {
    this.turn = (this.turn + 1) % list.length;
    return list[this.turn];
  }
}

/** Calls this service's routes, which the floor and the bare route have too. */
export class ServiceVisitor extends Visitor {
  /** @returns the TokenReply */
  async miniProgramLogin(person = this.nextPerson()) {
    const body = JSON.stringify({ code: freshCode(person) });
    return JSON.parse((await this.expect(200, 'POST', '/v1/mini-program/login', '', body)).body);
  }

  /** authorize, callback and redeem in a new browser. @returns the TokenReply */
  async websiteLogin(person = this.nextPerson()) {
    const asked = `/v1/web-qr-login/authorize?returnTo=${encodeURIComponent(RETURN_TO)}`;
    const begun = await this.expect(302, 'GET', asked);
    const cookie = `Cookie: ${begun.cookies().join('; ')}\r\n`;
    const state = new URL(begun.header('location')).searchParams.get('state');
    const back = `/v1/web-qr-login/callback?code=${freshCode(person)}&state=${state}`;
    const landed = await this.expect(302, 'GET', back, cookie);
    const loginCode = new URL(landed.header('location')).searchParams.get('loginCode');
    if (loginCode === null) throw new Error(`no loginCode: ${landed.head}`);
    const redeem = JSON.stringify({ loginCode });
    return JSON.parse((await this.expect(200, 'POST', '/v1/web-qr-login/token', cookie, redeem)).body);
  }

  async prepareRefresh() {
    this.refreshToken = (await this.miniProgramLogin()).refreshToken;
  }

  /** The next tokens of one session. @returns the RefreshReply */
  async refresh() {
    const body = JSON.stringify({ refreshToken: this.refreshToken });
    const reply = JSON.parse((await this.expect(200, 'POST', '/v1/auth/refresh', '', body)).body);
    this.refreshToken = reply.refreshToken;
    return reply;
  }

  async prepareRefreshOfAnybody() {
    this.keys = keysOf(this.key);
  }

  /** The next tokens of somebody's session of bench/population.mjs. @returns the RefreshReply */
  async refreshOfAnybody(person = this.nextPerson()) {
    const known = `${this.population}:${person}`;
    this.refreshToken = newest.get(known) ?? this.keys.refreshToken(rowId(person), 1);
    const reply = await this.refresh();
    newest.set(known, reply.refreshToken);
    return reply;
  }

  async prepareVerify() {
    this.tokens = [];
    while (this.tokens.length < SESSIONS) {
      this.tokens.push(`Authorization: Bearer ${(await this.miniProgramLogin()).accessToken}\r\n`);
    }
  }

  async verify() {
    return this.expect(200, 'GET', '/v1/auth/verify', this.inTurn(this.tokens));
  }
}

/** The bare route ignores tokens; it gets a header field of the same length. */
export class BareVisitor extends ServiceVisitor {
  async prepareVerify() {
    this.tokens = [`Authorization: Bearer ${'x'.repeat(500)}\r\n`];
  }
}

/** Calls better-auth's routes. Its login is two requests, sign-in and callback, and ends in a session cookie. */
export class BetterAuthVisitor extends Visitor {
  async websiteLogin(person = this.nextPerson()) {
    const origin = `Origin: http://127.0.0.1:${this.connection.port}\r\n`;
    const asked = JSON.stringify({ provider: 'wechat', callbackURL: '/welcome' });
    const begun = await this.expect(200, 'POST', '/api/auth/sign-in/social', origin, asked);
    const state = new URL(JSON.parse(begun.body).url).searchParams.get('state');
    const cookie = `Cookie: ${begun.cookies().join('; ')}\r\n`;
    const back = `/api/auth/callback/wechat?code=${freshCode(person)}&state=${state}`;
    const landed = await this.expect(302, 'GET', back, cookie);
    const cookies = landed.cookies();
    if (!cookies.some((pair) => /^[^=]*session_token=./.test(pair)))
      throw new Error(`no session: ${landed.head}`);
    return cookies;
  }

  async prepareVerify() {
    this.jars = [];
    while (this.jars.length < SESSIONS) {
      const pairs = await this.websiteLogin();
      this.jars.push(new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair])));
    }
  }

  /** Reads the session and stores the cookies of the reply, as a browser does. */
  async verify() {
    const jar = this.inTurn(this.jars);
    const cookie = `Cookie: ${[...jar.values()].join('; ')}\r\n`;
    const reply = await this.expect(200, 'GET', '/api/auth/get-session', cookie);
    if (!reply.body.startsWith('{')) throw new Error(`no session: ${reply.body}`);
    for (const pair of reply.cookies()) jar.set(pair.slice(0, pair.indexOf('=')), pair);
    return reply;
  }
}
