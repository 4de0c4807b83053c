import sharp from 'sharp';
import { v7 as uuidv7 } from 'uuid';
import { EventLog } from '../../src/events/event-log.js';
import { EventPruning } from '../../src/events/event-pruning.js';
import { WebhookWorker } from '../../src/events/webhook-worker.js';
import { SessionPruning } from '../../src/session/session-pruning.js';
import { Grants } from '../../src/partner/grants/grants.js';
import { Subjects } from '../../src/partner/grants/subjects.js';
import { TokenPruning } from '../../src/partner/tokens/token-pruning.js';
import { PartnerRemoval } from '../../src/partner/registry/partner-removal.js';
import { PartnerSigningKeys } from '../../src/session/keys/partner-signing-keys.js';
import { SigningKeys } from '../../src/session/signing-keys.js';
import { Database } from '../../src/database/database.js';
import { toSqlTime } from '../../src/database/sql-time.js';
import { TableWalks } from '../../src/background/table-walks.js';
import { AvatarQueue } from '../../src/user/avatar-queue.js';
import { AvatarWorker } from '../../src/user/avatar-worker.js';
import { Resealing } from '../../src/user/resealing.js';
import { Browser } from './browser.js';
import { HostedPage } from './hosted-page.js';
import { PartnerApp } from './partner-app.js';
import { call, type CallOptions, type Reply } from './http.js';
import { ADMIN_KEY, API_KEYS, callWithKey, SERVICE_KEY } from './operator.js';
import type { PushReceiver } from './push-receiver.js';
import { PushSender } from './push-sender.js';
import { tourOfRelay } from './relay-tour.js';
import type { WebhookReceiver } from './webhook-receiver.js';
import { MINI_PROGRAM, type Person, type TokenReply, type World } from './world.js';

const PUSH_TOKEN = 'tokenOfThePush0123456789';
/** The ENCRYPTION_KEYS before the tour. */
export const OLD_KEY = Buffer.alloc(32, 7).toString('base64');
const NEW_KEY = Buffer.alloc(32, 9).toString('base64');
const DAY = 86_400;

/** The settings for the tour, without those that name receivers. */
export const TOUR_SETTINGS = {
  ...API_KEYS,
  WECHAT_PUSH_TOKEN: PUSH_TOKEN,
  // A key rotation is in progress, so values are re-encrypted.
  ENCRYPTION_KEYS: `${NEW_KEY},${OLD_KEY}`,
  MAX_SESSIONS: '3',
  TERMS_URL: 'https://shop.example.com/terms',
};

interface Page {
  readonly items: { readonly id: string }[];
  readonly nextCursor: string | null;
}

/**
 * Executes every statement of the service: all routes and jobs, on each path that sends different statements.
 */
export class Tour {
  constructor(
    private readonly world: World,
    private readonly receiver: WebhookReceiver,
    private readonly shops: readonly PushReceiver[],
  ) {}

  /** @param giveHistory gives a person a long history after their first login */
  async go(giveHistory: (tokens: TokenReply) => Promise<void>): Promise<void> {
    await this.world.control('settings', { sessionKeyMinIntervalSeconds: 0 });
    const often = await this.world.person();
    await giveHistory(await this.world.miniProgramLogin(often));
    await this.sessions(often);
    await this.profile(often);
    await this.identities();
    await this.merge();
    await this.operators(often);
    await this.consent();
    await this.partners();
    await this.webhooks();
    await this.leaving(often);
    await this.jobs();
    await tourOfRelay(this.world, new PushSender(PUSH_TOKEN, this.world.clock), this.shops);
  }

  private me<Body = Record<string, unknown>>(
    { accessToken }: TokenReply,
    path = '',
    options: CallOptions = {},
  ): Promise<Reply<Body>> {
    return call<Body>(`${this.world.url}/v1/users/me${path}`, { token: accessToken, ...options });
  }

  private admin<Body = Record<string, unknown>>(
    path: string,
    options: CallOptions = {},
  ): Promise<Reply<Body>> {
    return callWithKey<Body>(`${this.world.url}/v1/admin/${path}`, ADMIN_KEY, options);
  }

  private async sessions(person: Person): Promise<void> {
    const { world } = this;
    await new HostedPage(world).login(person);
    const logins: TokenReply[] = [];
    for (let n = 0; n < 4; n++) logins.push(await world.miniProgramLogin(person));
    const [, first, second, third] = logins as [TokenReply, TokenReply, TokenReply, TokenReply];
    const { body } = await world.refresh(first.refreshToken);
    world.clock.advance(61);
    await world.refresh(first.refreshToken);
    await world.refresh(body.refreshToken);
    await world.verify(third.accessToken);
    const { nextCursor } = (await this.me<Page>(third, '/sessions?limit=1')).body;
    await this.me(third, `/sessions?limit=1&cursor=${nextCursor ?? ''}`);
    await this.me(third, `/sessions/${second.refreshToken.split('.', 1)[0] ?? ''}`, { method: 'DELETE' });
    await this.me(third, '/sessions', { method: 'DELETE' });
    await call(`${world.url}/v1/auth/logout`, { json: { refreshToken: third.refreshToken } });
    for (const path of ['introspect', 'revoke']) {
      const { refreshToken } = await world.miniProgramLogin(person);
      await callWithKey(`${world.url}/v1/auth/${path}`, SERVICE_KEY, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `token=${encodeURIComponent(refreshToken)}&token_type_hint=refresh_token`,
      });
    }
  }

  private async profile(person: Person): Promise<void> {
    const { world } = this;
    const tokens = await world.miniProgramLogin(person);
    const miniProgram = (path: string, json: unknown = {}, method = 'POST') =>
      call(`${world.url}/v1/mini-program/${path}`, { method, token: tokens.accessToken, json });
    const about = { person: person.id, appId: MINI_PROGRAM };
    await this.me(tokens);
    await this.me(tokens, '', { method: 'PATCH', json: { nickname: '用户' } });
    await miniProgram('profile', await world.control('open-data', { ...about, kind: 'userInfo' }), 'PUT');
    await miniProgram('open-data', await world.control('open-data', { ...about, kind: 'userInfo' }));
    await miniProgram(
      'phone-number',
      await world.control('phone-code', { ...about, phoneNumber: '13700001111' }),
    );
    await miniProgram('validate-token', { code: await world.wxLogin(person) });
    await miniProgram('session-key/check');
    await miniProgram('session-key/reset');
    const website = await world.websiteLogin(person);
    await this.me(website, '/profile/sync', { method: 'POST', json: {} });
    for (let n = 0; n < 2; n++) await this.upload(tokens);
    await this.scan(person, tokens);
  }

  private async upload({ accessToken }: TokenReply): Promise<void> {
    const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#369' } })
      .jpeg()
      .toBuffer();
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(picture)], { type: 'image/jpeg' }), 'a.jpg');
    const reply = await fetch(`${this.world.url}/v1/users/me/avatar`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${accessToken}` },
      body: form,
    });
    if (reply.status !== 200) throw new Error(await reply.text());
  }

  private async scan(person: Person, { accessToken }: TokenReply): Promise<void> {
    const browser = new Browser();
    const attempt = await this.world.attempt(browser);
    const ticket = await this.world.ticketOf(attempt);
    await this.world.scan(accessToken, ticket);
    await this.world.scan(accessToken, ticket, 'confirm', { code: await this.world.wxLogin(person) });
    const { loginCode } = (await this.world.status(browser, attempt.id)).body;
    await this.world.redeem(browser, loginCode ?? null);
  }

  private async identities(): Promise<void> {
    const { world } = this;
    const person = await world.person({ withUnionId: false });
    const tokens = await world.websiteLogin(person);
    await this.link(tokens, person);
    const { items, nextCursor } = (await this.me<Page>(tokens, '/identities?limit=1')).body;
    await this.me(tokens, `/identities?cursor=${nextCursor ?? ''}`);
    // Both identities get one unionid, which is attached after their creation.
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.websiteLogin(person);
    await this.me(tokens, `/identities/${items[0]?.id ?? ''}`, { method: 'DELETE' });
  }

  private async link(tokens: TokenReply, person: Person): Promise<void> {
    const reply = await this.me(tokens, '/identities/mini-program', {
      json: {
        code: await this.world.wxLogin(person),
        proof: await this.world.websiteProof(person),
      },
    });
    if (reply.status !== 201) throw new Error(reply.text);
  }

  /** Merges two users, with a picture each and without pictures. */
  private async merge(): Promise<void> {
    const { world } = this;
    for (const withPictures of [true, false]) {
      const picture = withPictures ? {} : { avatarUrl: `${world.sandbox.url}/nowhere/132` };
      const person = await world.person({ withUnionId: false, ...picture });
      const older = await world.miniProgramLogin(person);
      world.clock.advance(1);
      const younger = await world.websiteLogin(person);
      if (withPictures) for (const each of [older, younger]) await this.upload(each);
      await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
      await world.miniProgramLogin(person);
      const merged = await world.websiteLogin(person);
      await call(`${world.url}/v1/users/me/export`, { token: merged.accessToken });
      await this.me(merged, '', { method: 'DELETE' });
    }
  }

  private async operators(often: Person): Promise<void> {
    const { user, identity } = await this.world.miniProgramLogin(often);
    const union = identity.unionId ?? '';
    for (const q of ['', '用户', '用', user.id, identity.openId, union, '13900000042']) {
      for (const status of ['', '&status=active', '&status=disabled', '&status=merged']) {
        const path = `users?limit=2&q=${encodeURIComponent(q)}${status}`;
        const { nextCursor } = (await this.admin<Page>(path)).body;
        if (nextCursor !== null) await this.admin(`${path}&cursor=${nextCursor}`);
      }
    }
    for (const filter of [
      '',
      `&userId=${user.id}`,
      '&type=user.created',
      '&type=nothing.such',
      `&userId=${user.id}&type=user.created`,
      `&userId=${user.id}&type=login.succeeded`,
    ]) {
      const { nextCursor } = (await this.admin<Page>(`events?limit=1${filter}`)).body;
      if (nextCursor !== null) await this.admin(`events?limit=1${filter}&cursor=${nextCursor}`);
    }
    await this.admin(`users/${user.id}`);
    await this.admin(`users/${user.id}/sessions`, { method: 'DELETE' });
    await this.admin(`users/${user.id}/disable`, { method: 'POST' });
    await this.world.loginWith(await this.world.wxLogin(often));
    await this.admin(`users/${user.id}/enable`, { method: 'POST' });
    await this.world.service().app.get(PartnerSigningKeys, { strict: false }).keySet();
    await this.admin('signing-keys/rotate', { json: { now: false } });
    await callWithKey(`${this.world.url}/v1/wechat/access-tokens/${MINI_PROGRAM}`, SERVICE_KEY);
    await this.otherServices(await this.world.miniProgramLogin(often));
    const gone = await this.world.miniProgramLogin(await this.world.person());
    await this.admin(`users/${gone.user.id}`, { method: 'DELETE' });
  }

  private async partners(): Promise<void> {
    const { world } = this;
    const { app } = world.service();
    const json = { name: 'Reports', redirectUris: ['https://reports.example.com/callback'] };
    const [partner, other] = await Promise.all(
      [1, 2].map(async () => (await this.admin<{ id: string }>('partners', { json })).body.id),
    );
    if (partner === undefined || other === undefined) throw new Error('no partners');
    await this.admin<Page>('partners?limit=1');
    await this.admin(`partners/${partner}`);
    await this.admin(`partners/${partner}`, { method: 'PATCH', json: { firstParty: true } });
    await this.admin(`partners/${partner}/rotate-secret`, { method: 'POST' });
    const tokens = await world.miniProgramLogin(await world.person());
    const grants = app.get(Grants, { strict: false });
    const ids = [partner, other, other].map((partnerId) => ({ id: uuidv7(), partnerId }));
    for (const { id, partnerId } of ids) {
      await grants.save({ id, partnerId, userId: tokens.user.id, scopes: ['openid'], payload: {} });
      await app.get(Subjects, { strict: false }).subOf(partnerId, tokens.user.id);
      await grants.find(id);
      await grants.touch(id);
      await grants.ofPersonAt(partnerId, tokens.user.id);
    }
    await this.me(tokens, '/grants');
    await call(`${world.url}/v1/users/me/export`, { token: tokens.accessToken });
    await this.me(tokens, `/grants/${ids[2]?.id ?? ''}`, { method: 'DELETE' });
    await this.me(tokens, '/grants', { method: 'DELETE' });
    const again = { id: uuidv7(), partnerId: other, userId: tokens.user.id };
    await grants.save({ ...again, scopes: ['openid'], payload: {} });
    await this.removed(other, again.id);
    await this.partnerLogin();
  }

  /** Codes, refresh tokens and claims of a partner. */
  private async partnerLogin(): Promise<void> {
    const { world } = this;
    const partner = await PartnerApp.register(world, {
      scopes: ['openid', 'wechat', 'offline_access'],
      wechatAppId: MINI_PROGRAM,
    });
    const extra = { scope: 'openid wechat offline_access', prompt: 'consent' };
    const tokens = await partner.logInFor(await world.person(), extra);
    await partner.userinfo(tokens.access_token);
    const { body } = await partner.refresh(tokens.refresh_token ?? '');
    await partner.refresh(tokens.refresh_token ?? '');
    await partner.form('revoke', { token: body.refresh_token ?? '' });
    const begun = partner.begin({ scope: 'openid' });
    const location = await partner.authorize(await world.person(), begun);
    await partner.exchange(location, begun);
    await partner.exchange(location, begun);
  }

  /** Deletes a partner with so many tokens that they are deleted apart from their grant. */
  private async removed(partnerId: string, grantId: string): Promise<void> {
    const { app } = this.world.service();
    const at = toSqlTime(this.world.clock.now());
    await app.get(Database, { strict: false }).batch(
      Array.from({ length: 600 }, (_, n) => ({
        sql: `INSERT INTO partner_tokens (id, model, grant_id, payload, expires_at, created_at)
              VALUES (?, 'RefreshToken', ?, '{}', ?, ?)`,
        parameters: [`tour${n}`, grantId, at, at],
      })),
    );
    await this.admin(`partners/${partnerId}`, { method: 'DELETE' });
    await app.get(PartnerRemoval, { strict: false }).idle();
  }

  /** What other services do with the session_key of a person. */
  private async otherServices({ user, identity }: TokenReply): Promise<void> {
    for (const who of [{ openId: identity.openId }, { userId: user.id }]) {
      await callWithKey(`${this.world.url}/v1/wechat/signatures`, SERVICE_KEY, {
        json: { ...who, payload: '' },
      });
      await callWithKey(`${this.world.url}/v1/wechat/user-encrypt-keys`, SERVICE_KEY, { json: who });
    }
  }

  private async consent(): Promise<void> {
    const { world } = this;
    for (const events of [
      ['user_info_modified', 'user_authorization_revoke'],
      ['user_authorization_cancellation'],
    ]) {
      for (const login of ['both', 'one']) {
        const person = await world.person();
        await world.miniProgramLogin(person);
        if (login === 'both') await this.upload(await world.websiteLogin(person));
        for (const event of events) {
          await world.control('push', {
            serviceUrl: world.url,
            appId: MINI_PROGRAM,
            token: PUSH_TOKEN,
            person: person.id,
            event,
          });
        }
      }
    }
  }

  private async webhooks(): Promise<void> {
    const worker = this.world.service().app.get(WebhookWorker, { strict: false });
    const { user } = await this.world.miniProgramLogin(await this.world.person());
    await worker.runDue();
    const { items } = (await this.admin<Page>(`events?userId=${user.id}&type=user.created`)).body;
    for (const answer of [500, 410, 204]) {
      this.receiver.answers(answer);
      await this.admin(`events/${items[0]?.id ?? ''}/resend`, { method: 'POST' });
      await worker.runDue();
    }
  }

  private async leaving(often: Person): Promise<void> {
    const tokens = await this.world.miniProgramLogin(often);
    await call(`${this.world.url}/v1/users/me/export`, { token: tokens.accessToken });
    const gone = await this.me(tokens, '', { method: 'DELETE' });
    if (gone.status !== 204) throw new Error(gone.text);
  }

  private async jobs(): Promise<void> {
    const { app } = this.world.service();
    await this.picturesAreDone();
    await this.walkIsLeft();
    await call(`${this.world.url}/metrics`);
    // As after many refusals for one address.
    await app.get(EventLog, { strict: false }).amend([{ id: 'x', details: { count: 21 } }]);
    await app.get(Resealing, { strict: false }).run();
    for (const keys of [SigningKeys, PartnerSigningKeys]) await app.get(keys, { strict: false }).maintain();
    await this.world.pass(400 * DAY);
    await app.get(EventPruning, { strict: false }).runDue();
    await app.get(SessionPruning, { strict: false }).runDue();
    await app.get(TokenPruning, { strict: false }).runDue();
  }

  /** An unfinished walk stores its position for the next run. */
  private async walkIsLeft(): Promise<void> {
    const walks = new TableWalks(this.world.service().app.get(Database, { strict: false }), this.world.clock);
    const options = { rest: 0, steps: 1 };
    await walks.goOn('tour', options, () => Promise.resolve({ last: 'x', writes: [] }));
  }

  /** Copies, postpones and releases pictures. */
  private async picturesAreDone(): Promise<void> {
    const { world } = this;
    await world.websiteLogin(await world.person({ avatar: { face: 'fox', colour: '#336699' } }));
    await world.websiteLogin(await world.person({ avatarUrl: `${world.sandbox.url}/nowhere/132` }));
    const { app } = world.service();
    await app.get(AvatarWorker, { strict: false }).runDue();
    // Another instance holds the lease of this job, so nothing changes.
    const job = { key: 'x', attempts: 1, lease: toSqlTime(0) };
    const queue = app.get(AvatarQueue, { strict: false });
    await queue.postpone(job, 1_000);
    await queue.release(job);
  }
}
