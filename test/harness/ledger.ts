import { expect } from '@jest/globals';
import { call, type Reply } from './http.js';
import { ADMIN_KEY, callWithKey } from './operator.js';
import { type Person, type Problem, type TokenReply, type World } from './world.js';

const sessionOf = ({ refreshToken }: TokenReply): string => refreshToken.split('.')[0] ?? '';
const generationOf = ({ refreshToken }: TokenReply): string => refreshToken.split('.')[1] ?? '';

/** A prepared write, whose request can be sent at once, and the rows that its success promises. */
export interface Write {
  readonly name: string;
  send(): Promise<Reply<unknown>>;
  /** A query that returns a row if the acknowledged write is in the database. */
  found(reply: Reply<unknown>): string;
}

const session = (reply: Reply<unknown>) =>
  `SELECT 1 FROM sessions WHERE id = '${sessionOf(reply.body as TokenReply)}'`;

/** A first login with a code that was already issued. */
export async function firstLogin(world: World, person: Person): Promise<Write> {
  const code = await world.wxLogin(person);
  return { name: 'a first login', send: () => world.loginWith(code), found: session };
}

/**
 * Every kind of write that a request makes, each for its own person.
 * @param change writes directly to the database
 */
export async function writes(world: World, change: (sql: string) => Promise<void>): Promise<Write[]> {
  const of = (name: string, send: Write['send'], found: Write['found']): Write => ({ name, send, found });
  const known = async (): Promise<[Person, TokenReply]> => {
    const person = await world.person();
    return [person, await world.miniProgramLogin(person)];
  };
  const [returning] = await known();
  const returningCode = await world.wxLogin(returning);
  const [, refreshed] = await known();
  const [, leaving] = await known();
  const [, renamed] = await known();
  const [, deleted] = await known();
  const [, disabled] = await known();
  const [, signedOut] = await known();
  const [unlinking, unlinked] = await known();
  await world.websiteLogin(unlinking);
  const { items } = (
    await call<{ items: { id: string }[] }>(`${world.url}/v1/users/me/identities`, {
      token: unlinked.accessToken,
    })
  ).body;
  const identity = items[0]?.id ?? '';
  // Unlinking removes all identities of a unionid. Two WeChat accounts, so that it is not the LAST_IDENTITY.
  await change(
    `UPDATE wechat_identities SET union_id = NULL WHERE user_id = '${unlinked.user.id}';
     DELETE FROM union_ids WHERE user_id = '${unlinked.user.id}'`,
  );
  const merging = await world.person({ withUnionId: false });
  await world.miniProgramLogin(merging);
  const { user: younger } = await world.websiteLogin(merging);
  await world.control(`people/${merging.id}`, { withUnionId: true }, 'PATCH');
  // The website identity now has a unionid. The login of the mini program will merge the two users.
  await world.websiteLogin(merging);
  const mergingCode = await world.wxLogin(merging);

  const me = `${world.url}/v1/users/me`;
  const admin = (user: TokenReply['user'], path: string, method: string) =>
    callWithKey<Record<string, unknown>>(`${world.url}/v1/admin/users/${user.id}${path}`, ADMIN_KEY, {
      method,
    });
  return [
    await firstLogin(world, await world.person()),
    of('a returning login', () => world.loginWith(returningCode), session),
    of(
      'a refresh',
      () => world.refresh(refreshed.refreshToken),
      (reply) => `${session(reply)} AND generation = ${generationOf(reply.body as TokenReply)}`,
    ),
    of(
      'a logout',
      () => call(`${world.url}/v1/auth/logout`, { json: { refreshToken: leaving.refreshToken } }),
      () => `SELECT 1 FROM sessions WHERE id = '${sessionOf(leaving)}' AND revoked_at IS NOT NULL`,
    ),
    of(
      'a new nickname',
      () => call(me, { token: renamed.accessToken, method: 'PATCH', json: { nickname: 'Ming' } }),
      () => `SELECT 1 FROM users WHERE id = '${renamed.user.id}' AND nickname = 'Ming'`,
    ),
    of(
      'a merge',
      () => world.loginWith(mergingCode),
      (reply) => `${session(reply)} AND EXISTS
        (SELECT 1 FROM users WHERE id = '${younger.id}' AND status = 'merged')`,
    ),
    of(
      'an unlinked identity',
      () => call(`${me}/identities/${identity}`, { token: unlinked.accessToken, method: 'DELETE' }),
      () => `SELECT 1 FROM users WHERE NOT EXISTS (SELECT 1 FROM wechat_identities WHERE id = '${identity}')`,
    ),
    of(
      'a deleted user',
      () => call(me, { token: deleted.accessToken, method: 'DELETE' }),
      () => `SELECT 1 FROM events WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = '${deleted.user.id}')`,
    ),
    of(
      'a disabled user',
      () => admin(disabled.user, '/disable', 'POST'),
      () => `SELECT 1 FROM users WHERE id = '${disabled.user.id}' AND status = 'disabled'`,
    ),
    of(
      'sessions that an operator ends',
      () => admin(signedOut.user, '/sessions', 'DELETE'),
      () => `SELECT 1 FROM sessions WHERE id = '${sessionOf(signedOut)}' AND revoked_at IS NOT NULL`,
    ),
    of(
      'a new signing key',
      () => callWithKey(`${world.url}/v1/admin/signing-keys/rotate`, ADMIN_KEY, { json: { now: true } }),
      (reply) => `SELECT 1 FROM signing_keys WHERE kid = '${(reply.body as { kid: string }).kid}'`,
    ),
  ];
}

export const isReady = async (url: string): Promise<boolean> =>
  (await call(`${url}/health/ready`)).status === 200;

/** Waits until a condition holds. The timeout is the promise under test. */
export async function within(ms: number, holds: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Sends each write and records the acknowledged ones. The others must fail with DATABASE_UNAVAILABLE. */
export async function send(all: readonly Write[], ledger: string[]): Promise<Write[]> {
  const refused: Write[] = [];
  for (const write of all) {
    const reply = await write.send();
    if (reply.status < 300) {
      ledger.push(`SELECT '${write.name}' AS name WHERE NOT EXISTS (${write.found(reply)})`);
      continue;
    }
    const { code } = reply.body as Problem;
    expect([write.name, reply.status, code]).toEqual([write.name, 503, 'DATABASE_UNAVAILABLE']);
    expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
    refused.push(write);
  }
  return refused;
}
