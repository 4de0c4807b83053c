import { readdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { Browser } from '../harness/browser.js';
import { call, type Reply } from '../harness/http.js';
import { S3_KEYS, S3StandIn } from '../harness/s3-stand-in.js';
import { impatientPictureProgram } from '../harness/picture-programs.js';
import { startService } from '../harness/service.js';
import { type Person, type Problem, SHOP, type TokenReply, WEBSITE, World } from '../harness/world.js';

declare const backend: { databaseUrl: string | null; redisUrl: string | null };

const PICTURES = '/mmopen/vi_32/:picture/:size';
const GREY = 'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';
const MB = 1024 * 1024;
/** Eight pictures on a full machine, each fetched and decoded in the time that it may take: 20 s and 20 s. */
const FULL_QUEUE_SECONDS = 20 + 8 * 20;

interface User {
  readonly id: string;
  readonly avatarUrl: string | null;
}

/** Waits for background work. The time-out is generous, because no assertion depends on time. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 12_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

async function avatarUrl(world: World, { accessToken }: TokenReply): Promise<string | null> {
  const me = await call<User>(`${world.url}/v1/users/me`, { token: accessToken });
  if (me.status !== 200) throw new Error(me.text);
  return me.body.avatarUrl;
}

/** @returns the URL of the user's picture, once there is one */
async function copied(world: World, login: TokenReply): Promise<string> {
  const urls: string[] = [];
  await until(async () => {
    urls.push(...[await avatarUrl(world, login)].filter((url) => url !== null));
    return urls.length > 0;
  });
  return urls[0] ?? '';
}

async function picture(url: string): Promise<{ response: Response; bytes: Buffer }> {
  const response = await fetch(url);
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** The colour of the corner, where every face shows its background. */
async function corner(bytes: Buffer): Promise<number[]> {
  return [...(await sharp(bytes).removeAlpha().raw().toBuffer()).subarray(0, 3)];
}

function square(background: string): Promise<Buffer> {
  return sharp({ create: { width: 200, height: 200, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

interface Upload {
  readonly method?: 'PUT' | 'POST';
  readonly field?: string;
  readonly type?: string;
}

/** Sends a file as wx.uploadFile does. */
async function upload(
  world: World,
  { accessToken }: TokenReply,
  file: Buffer | string,
  { method = 'PUT', field = 'file', type = 'image/jpeg' }: Upload = {},
): Promise<Reply<User & Problem>> {
  const form = new FormData();
  form.append('note', 'a field beside it');
  form.append(field, new Blob([new Uint8Array(Buffer.from(file))], { type }), 'tmp_1.jpg');
  const response = await fetch(`${world.url}/v1/users/me/avatar`, {
    method,
    headers: { authorization: `Bearer ${accessToken}` },
    body: form,
  });
  const text = await response.text();
  const body = JSON.parse(text) as User & Problem;
  return { status: response.status, headers: response.headers, text, body };
}

/** The same from the database, if the token has expired by the moved clock. */
async function hasPicture(world: World, { user }: TokenReply): Promise<boolean> {
  return (await world.count(`users WHERE id = '${user.id}' AND avatar_key IS NOT NULL`)) === 1;
}

function jobs(world: World, where = '1 = 1'): Promise<Record<string, unknown>[]> {
  return world.backend.rows(`SELECT * FROM avatar_jobs WHERE ${where} ORDER BY id`);
}

function copyOf(login: TokenReply): string {
  return `kind = 'copy' AND user_id = '${login.user.id}'`;
}

/** Names of all files in the store. */
async function files(world: World): Promise<string[]> {
  const folder = (world.backend.environment.AVATAR_STORE ?? '').slice('disk:'.length);
  return (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.webp'));
}

/** Moves the clock and wakes the worker by another login, instead of waiting for the next poll. */
async function later(world: World, seconds: number): Promise<void> {
  world.clock.advance(seconds);
  await copied(world, await world.websiteLogin(await world.person()));
}

describe('pictures from WeChat', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test('after a website login the picture is copied: square, WebP, in two sizes, on our own address', async () => {
    const person = await world.person({ avatar: { face: 'fox', colour: '#336699' } });
    const login = await world.websiteLogin(person);
    const url = await copied(world, login);
    expect(url).toMatch(new RegExp(`^${world.url}/avatars/[a-z0-9]{1,64}$`));
    for (const [address, edge] of [
      [url, 640],
      [`${url}?size=640`, 640],
      [`${url}?size=132`, 132],
    ] as const) {
      const { bytes } = await picture(address);
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: edge, height: edge });
      const [red = 0, green = 0, blue = 0] = await corner(bytes);
      expect(Math.max(Math.abs(red - 0x33), Math.abs(green - 0x66), Math.abs(blue - 0x99))).toBeLessThan(16);
    }
    expect(await world.backend.rows(`SELECT avatar_source FROM users WHERE id = '${login.user.id}'`)).toEqual(
      [{ avatar_source: 'wechat' }],
    );
    expect(await jobs(world)).toEqual([]);
  });

  test('WeChat is asked for the profile only while the name, the picture or the unionid is missing here', async () => {
    const asked = () => world.callsOf('/sns/userinfo');
    const person = await world.person({ withUnionId: false });
    const before = await asked();
    await copied(world, await world.websiteLogin(person));
    expect(await asked()).toBe(before + 1);
    await world.websiteLogin(person);
    expect(await asked()).toBe(before + 2);
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    const complete = await world.websiteLogin(person);
    expect(complete.identity.unionId).toMatch(/./);
    const then = await asked();
    const again = await world.websiteLogin(person);
    expect(await asked()).toBe(then);
    expect(again.user.nickname).toBe(complete.user.nickname);
    await world.backend.write(`UPDATE users SET avatar_key = NULL WHERE id = '${again.user.id}'`);
    await copied(world, await world.websiteLogin(person));
    expect(await asked()).toBe(then + 1);
  });

  test('a user with a picture keeps it: the next login fetches nothing', async () => {
    const person = await world.person();
    const url = await copied(world, await world.websiteLogin(person));
    const before = await world.callsOf(PICTURES);
    await world.control(`people/${person.id}`, { avatar: { face: 'frog', colour: '#ff0000' } }, 'PATCH');
    const again = await world.websiteLogin(person);
    expect(await jobs(world, copyOf(again))).toEqual([]);
    expect(await avatarUrl(world, again)).toBe(url);
    expect(await world.callsOf(PICTURES)).toBe(before);
  });

  test.each([
    ['none', ''],
    ['the grey one', `https://thirdwx.qlogo.cn/mmopen/vi_32/${GREY}/132`],
    ['the grey one in another size', `http://wx.qlogo.cn/mmopen/vi_32/${GREY}/0`],
    ['of another host', 'https://evil.example/mmopen/vi_32/x/132'],
    ['inside', 'http://127.0.0.1:6379/'],
    ["of the cloud's own", 'http://169.254.169.254/latest/meta-data/iam'],
    ['on this disk', 'file:///etc/passwd'],
    ['no address at all', 'picture'],
  ])('a picture that is %s is not even tried', async (_name, address) => {
    const login = await world.websiteLogin(await world.person({ avatarUrl: address }));
    expect(await jobs(world)).toEqual([]);
    expect(await avatarUrl(world, login)).toBeNull();
  });

  test('the grey one is known by its path, wherever it is', async () => {
    const before = await world.callsOf(PICTURES);
    await world.websiteLogin(
      await world.person({ avatarUrl: `${world.sandbox.url}/mmopen/vi_32/${GREY}/132` }),
    );
    expect(await jobs(world)).toEqual([]);
    expect(await world.callsOf(PICTURES)).toBe(before);
  });

  test.each([
    ['HTML that calls itself a JPEG', { body: '<script>alert(1)</script>', contentType: 'image/jpeg' }],
    ['SVG', { body: '<svg xmlns="http://www.w3.org/2000/svg"/>', contentType: 'image/svg+xml' }],
    ['larger than 2 MB', { body: 'x'.repeat(2 * MB + 1), contentType: 'image/jpeg' }],
    ['empty', { body: '', contentType: 'image/jpeg' }],
    ['gone', { status: 404, body: 'not found' }],
  ])('a picture that is %s is forgotten at once, and the login stands', async (_name, fault) => {
    await world.fault(PICTURES, fault);
    const before = await world.callsOf(PICTURES);
    const login = await world.websiteLogin(await world.person());
    await until(async () => (await jobs(world, copyOf(login))).length === 0);
    expect(await world.callsOf(PICTURES)).toBe(before + 1);
    expect(await avatarUrl(world, login)).toBeNull();
  });

  test('what fails is tried again after a minute, two, four …, and given up after ten tries', async () => {
    const person = await world.person();
    const drawn = `${world.sandbox.url}/mmopen/vi_32/nobody-1/132`;
    await world.control(`people/${person.id}`, { avatarUrl: drawn }, 'PATCH');
    await world.fault(PICTURES, { status: 503, body: 'busy' });
    const login = await world.websiteLogin(person);
    for (let attempt = 1; attempt < 10; attempt++) {
      await until(async () => {
        const [job] = await jobs(world, copyOf(login));
        return (
          Number(job?.attempts) === attempt &&
          inSeconds(world, job?.next_at) > 0 &&
          isPutOff(job, world, attempt)
        );
      });
      await world.fault(PICTURES, { status: 503, body: 'busy' });
      world.clock.advance(60 * 2 ** (attempt - 1) + 1);
      // Any enqueued picture wakes the worker; this one is refused at once and leaves nothing.
      await world.websiteLogin(await world.person({ avatarUrl: `${world.sandbox.url}/nowhere/132` }));
    }
    await until(async () => (await jobs(world, copyOf(login))).length === 0);
    expect(world.log()).toContain('too many tries');
    expect(await hasPicture(world, login)).toBe(false);
  }, 60_000);

  test('a login while the same picture is put off does not hurry it; another picture takes its place', async () => {
    const person = await world.person();
    await world.fault(PICTURES, { status: 503, body: 'busy' });
    const login = await world.websiteLogin(person);
    await until(async () => isPutOff((await jobs(world, copyOf(login)))[0], world, 1));
    const [before] = await jobs(world, copyOf(login));
    await world.websiteLogin(person);
    expect((await jobs(world, copyOf(login)))[0]).toMatchObject({ attempts: 1, next_at: before?.next_at });
    await world.control(`people/${person.id}`, { avatar: { face: 'cat', colour: '#00ff00' } }, 'PATCH');
    await world.websiteLogin(person);
    const { bytes } = await picture(await copied(world, login));
    const [, green = 0] = await corner(bytes);
    expect(green).toBeGreaterThan(230);
  });

  test('a picture that was fetched for a job that is taken back leaves nothing in the store', async () => {
    await world.fault(PICTURES, { delayMs: 400 });
    const before = await world.callsOf(PICTURES);
    const stored = await files(world);
    const login = await world.websiteLogin(await world.person());
    await until(async () => (await world.callsOf(PICTURES)) === before + 1);
    await world.backend.write(`DELETE FROM avatar_jobs WHERE ${copyOf(login)}`);
    await until(async () => (await files(world)).length === stored.length + 2);
    expect(await avatarUrl(world, login)).toBeNull();
    world.clock.advance(3_601);
    await until(async () => (await files(world)).length === stored.length);
    await until(async () => (await jobs(world)).length === 0);
  });

  test('no background work carries the id of a request, and no address or key is logged', async () => {
    await world.fault(PICTURES, { body: '<html>' });
    const login = await world.websiteLogin(await world.person());
    await until(async () => (await jobs(world, copyOf(login))).length === 0);
    const lines = world
      .log()
      .split('\n')
      .filter((line) => line.includes('AvatarWorker'));
    expect(lines).not.toHaveLength(0);
    for (const line of lines) {
      expect(line).not.toContain('requestId');
      expect(line).not.toContain('mmopen');
    }
  });
});

describe('a server of pictures that does not answer in time', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({}, 1, { pictureProgram: impatientPictureProgram });
  });
  afterAll(() => world.stop());

  test('a server that never answers holds up neither the login nor other pictures, and is tried again later', async () => {
    await world.fault(PICTURES, { hang: true });
    const before = await world.callsOf(PICTURES);
    const login = await world.websiteLogin(await world.person());
    await until(async () => (await world.callsOf(PICTURES)) === before + 1);
    await copied(world, await world.websiteLogin(await world.person()));
    expect(await avatarUrl(world, login)).toBeNull();
    await until(async () => isPutOff((await jobs(world, copyOf(login)))[0], world, 1));
    await later(world, 61);
    await copied(world, login);
  });
});

/** Seconds from now until a time of the database. */
function inSeconds(world: World, time: unknown): number {
  const at = time instanceof Date ? time.getTime() : Date.parse(`${String(time).replace(' ', 'T')}Z`);
  return (at - world.clock.now()) / 1000;
}

/** Whether a job is postponed after so many attempts and not leased: a lease is several minutes. */
function isPutOff(job: Record<string, unknown> | undefined, world: World, attempts: number): boolean {
  const delay = 60 * 2 ** (attempts - 1);
  const left = inSeconds(world, job?.next_at);
  return Number(job?.attempts) === attempts && left > delay - 15 && left <= delay;
}

describe('pending copies', () => {
  let world: World;
  afterEach(() => world.stop());

  test('survive a restart: what was being fetched is broken off and fetched by the next one', async () => {
    world = await World.start();
    await world.fault(PICTURES, { hang: true });
    const login = await world.websiteLogin(await world.person());
    await until(async () => (await world.callsOf(PICTURES)) === 1);
    const startedAt = performance.now();
    await world.service().stop();
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(await jobs(world)).toMatchObject([{ kind: 'copy', user_id: login.user.id, attempts: 0 }]);

    const next = await startService(
      {
        ...world.backend.environment,
        WECHAT_API_URL: world.sandbox.url,
        WECHAT_OPEN_URL: world.sandbox.url,
        RETURN_URLS: SHOP,
      },
      world.clock,
    );
    try {
      await until(() => hasPicture(world, login));
    } finally {
      await next.stop();
    }
  });

  test('that an instance died over are done when its lease is over', async () => {
    world = await World.start();
    const login = await world.miniProgramLogin(await world.person());
    const { avatarUrl: address } = await world.control<{ avatarUrl: string }>('people', { id: 'dead' });
    const at = (seconds: number) =>
      new Date(world.clock.now() + seconds * 1000).toISOString().replace('T', ' ').slice(0, 23);
    await world.backend.write(
      `INSERT INTO avatar_jobs (id, kind, user_id, url, replaces, attempts, next_at, created_at) VALUES
       ('${login.user.id}', 'copy', '${login.user.id}', '${address}', 0, 1, '${at(60)}', '${at(0)}')`,
    );
    await copied(world, await world.websiteLogin(await world.person()));
    expect(await avatarUrl(world, login)).toBeNull();
    world.clock.advance(61);
    await copied(world, login);
  });

  if (backend.databaseUrl !== null) {
    test('are done once, however many instances there are', async () => {
      world = await World.start({}, 3);
      const logins = await Promise.all(
        Array.from({ length: 20 }, async () => world.websiteLogin(await world.person())),
      );
      await Promise.all(logins.map((login) => copied(world, login)));
      expect(await world.callsOf(PICTURES)).toBe(20);
      expect(await files(world)).toHaveLength(40);
      expect(world.log()).not.toContain('"level":"error"');
    });
  }

  test('are left to the instance that is still at them after minutes, until its lease is over', async () => {
    world = await World.start({}, backend.databaseUrl === null ? 1 : 2);
    await world.fault(PICTURES, { hang: true });
    const login = await world.websiteLogin(await world.person());
    await until(async () => (await world.callsOf(PICTURES)) === 1);
    await later(world, FULL_QUEUE_SECONDS);
    expect(await world.callsOf(PICTURES)).toBe(2);
    expect(await hasPicture(world, login)).toBe(false);
    await later(world, 120);
    await until(() => hasPicture(world, login));
  });

  test('of one person who logs in twenty times at once are one', async () => {
    world = await World.start();
    const person = await world.person();
    const logins = await Promise.all(Array.from({ length: 20 }, () => world.websiteLogin(person)));
    const [login] = logins;
    if (!login) throw new Error('nobody logged in');
    await copied(world, login);
    await until(async () => (await jobs(world, "kind = 'copy'")).length === 0);
    world.clock.advance(3_601);
    await until(async () => (await jobs(world)).length === 0);
    expect(await files(world)).toHaveLength(2);
  });
});

describe('two users who turn out to be one', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  /** A person with two users: the older one of the mini program, the other of the website. */
  async function twice(): Promise<{ person: Person; older: TokenReply; younger: TokenReply }> {
    const person = await world.person({ withUnionId: false });
    const older = await world.miniProgramLogin(person);
    world.clock.advance(1);
    return { person, older, younger: await world.websiteLogin(person) };
  }

  async function merge(person: Person): Promise<TokenReply> {
    await world.control(`people/${person.id}`, { withUnionId: true }, 'PATCH');
    await world.miniProgramLogin(person);
    return world.websiteLogin(person);
  }

  test('the picture moves to the survivor without one, together with its source', async () => {
    const { person, older, younger } = await twice();
    const url = await copied(world, younger);
    const merged = await merge(person);
    expect(merged.user.id).toBe(older.user.id);
    expect(await avatarUrl(world, merged)).toBe(url);
    expect((await picture(url)).response.status).toBe(200);
    const rows = await world.backend.rows(
      `SELECT avatar_source, nickname_source FROM users WHERE id IN ('${older.user.id}', '${younger.user.id}')
       ORDER BY created_at`,
    );
    expect(rows).toEqual([
      { avatar_source: 'wechat', nickname_source: 'wechat' },
      { avatar_source: null, nickname_source: null },
    ]);
  });

  test('of two pictures the younger one is deleted', async () => {
    const { person, older, younger } = await twice();
    const goes = await copied(world, younger);
    const stays = (await upload(world, older, await square('#00ff00'))).body.avatarUrl ?? '';
    expect(await avatarUrl(world, await merge(person))).toBe(stays);
    await until(async () => (await picture(goes)).response.status === 404);
    expect((await picture(stays)).response.status).toBe(200);
  });

  test('a picture that is not copied yet goes to the survivor', async () => {
    await world.fault(PICTURES, { status: 503, body: 'busy' });
    const { person, older, younger } = await twice();
    await until(async () => isPutOff((await jobs(world, copyOf(younger)))[0], world, 1));
    await world.control(`people/${person.id}`, { withUnionId: true, avatarUrl: '' }, 'PATCH');
    await world.miniProgramLogin(person);
    await world.websiteLogin(person);
    expect(await jobs(world)).toMatchObject([{ kind: 'copy', user_id: older.user.id, attempts: 1 }]);
    await later(world, 61);
    await until(async () => (await jobs(world)).length === 0);
    expect(person.openIds[WEBSITE]).toBe(younger.identity.openId);
  });
});

describe('a picture of one’s own', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  test.each(['PUT', 'POST'] as const)(
    '%s replaces what was copied, and the old one is deleted',
    async (method) => {
      const login = await world.websiteLogin(await world.person());
      const old = await copied(world, login);
      const reply = await upload(world, login, await square('#ff0000'), { method });
      expect(reply.status).toBe(200);
      expect(reply.body.id).toBe(login.user.id);
      expect(reply.body.avatarUrl).not.toBe(old);
      expect(await avatarUrl(world, login)).toBe(reply.body.avatarUrl);
      const { bytes } = await picture(reply.body.avatarUrl ?? '');
      const [red = 0, green = 255] = await corner(bytes);
      expect(red).toBeGreaterThan(230);
      expect(green).toBeLessThan(25);
      await until(async () => (await picture(old)).response.status === 404);
      await until(async () => (await jobs(world)).length === 0);
      expect(
        await world.backend.rows(`SELECT avatar_source FROM users WHERE id = '${login.user.id}'`),
      ).toEqual([{ avatar_source: 'person' }]);
      const events = await world.backend.rows(
        `SELECT actor, details FROM events WHERE type = 'user.updated' AND user_id = '${login.user.id}'
         ORDER BY id`,
      );
      // The copy from WeChat, then the upload.
      expect(events).toEqual(
        ['system', 'user'].map((actor) => ({ actor, details: '{"changed":["avatar"]}' })),
      );
    },
  );

  test('it overrides WeChat: a pending copy is dropped, and later logins enqueue nothing', async () => {
    const person = await world.person();
    await world.fault(PICTURES, { status: 503, body: 'busy' });
    const login = await world.websiteLogin(person);
    await until(async () => isPutOff((await jobs(world, copyOf(login)))[0], world, 1));
    const { body } = await upload(world, login, await square('#0000ff'));
    expect(await jobs(world)).toEqual([]);
    await world.websiteLogin(person);
    expect(await jobs(world)).toEqual([]);
    expect(await avatarUrl(world, login)).toBe(body.avatarUrl);
  });

  test('sixteen at once leave one picture', async () => {
    // As many as may wait for the encoder, whatever else it encodes meanwhile.
    const uploads = 16;
    const login = await world.miniProgramLogin(await world.person());
    const before = (await files(world)).length;
    const colour = (index: number) => `#${(index * 12).toString(16).padStart(2, '0')}0000`;
    const replies = await Promise.all(
      Array.from({ length: uploads }, async (_, index) => upload(world, login, await square(colour(index)))),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: uploads }, () => 200));
    await until(async () => (await jobs(world)).length === 0);
    expect(await files(world)).toHaveLength(before + 2);
    expect((await picture((await avatarUrl(world, login)) ?? '')).response.status).toBe(200);
  });

  test('exactly 2 MB is accepted, more is not, with or without Content-Length', async () => {
    const login = await world.miniProgramLogin(await world.person());
    const jpeg = await square('#123456');
    const padded = (length: number) => Buffer.concat([jpeg, Buffer.alloc(length - jpeg.length)]);
    expect((await upload(world, login, padded(2 * MB))).status).toBe(200);
    for (const size of [2 * MB + 1, 20 * MB]) {
      expect((await upload(world, login, padded(size))).body).toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
        status: 413,
      });
    }
    const form = `--b\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n`;
    const chunked = await fetch(`${world.url}/v1/users/me/avatar`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${login.accessToken}`,
        'content-type': 'multipart/form-data; boundary=b',
      },
      body: new Blob([form, new Uint8Array(3 * MB), '\r\n--b--\r\n']).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
    expect(((await chunked.json()) as Problem).code).toBe('PAYLOAD_TOO_LARGE');
  });

  test('a file that is no picture is AVATAR_INVALID, whatever its type says, and changes nothing', async () => {
    const login = await world.miniProgramLogin(await world.person());
    const { body: mine } = await upload(world, login, await square('#abcdef'));
    const bomb = await sharp({ create: { width: 9_000, height: 9_000, channels: 3, background: '#fff' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(2 * MB);
    for (const [file, type] of [
      ['just text', 'image/png'],
      ['<html><script>alert(1)</script></html>', 'image/jpeg'],
      ['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'image/svg+xml'],
      ['', 'image/jpeg'],
      [(await square('#abcdef')).subarray(0, 300), 'image/jpeg'],
      [bomb, 'image/png'],
    ] as const) {
      const reply = await upload(world, login, file, { type });
      expect(reply.body).toMatchObject({ code: 'AVATAR_INVALID', status: 422 });
      expect(reply.headers.get('content-type')).toContain('application/problem+json');
    }
    expect(await avatarUrl(world, login)).toBe(mine.avatarUrl);
  });

  test('a form without the file, a broken one, and what is no form are told apart', async () => {
    const login = await world.miniProgramLogin(await world.person());
    const send = (body: string, contentType: string) =>
      call<Problem>(`${world.url}/v1/users/me/avatar`, {
        method: 'PUT',
        token: login.accessToken,
        body,
        headers: { 'content-type': contentType },
      });
    const form = 'multipart/form-data; boundary=b';
    const field = '--b\r\ncontent-disposition: form-data; name="x"\r\n\r\n1\r\n';
    expect((await upload(world, login, await square('#fff'), { field: 'picture' })).body).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ field: 'file', message: 'file must be a picture' }],
    });
    expect((await send(`${field}--b--\r\n`, form)).body.code).toBe('VALIDATION_FAILED');
    expect((await send('', form)).body.code).toBe('VALIDATION_FAILED');
    expect((await send(field, form)).body.code).toBe('BAD_REQUEST');
    expect((await send('--b', 'multipart/form-data')).body.code).toBe('BAD_REQUEST');
    expect((await send('{}', 'application/json')).body.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect((await send('x', 'image/jpeg')).body.code).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  test('it needs a token; other routes take no forms', async () => {
    const form = new FormData();
    form.append('file', new Blob(['x']), 'x.jpg');
    const anonymous = await fetch(`${world.url}/v1/users/me/avatar`, { method: 'PUT', body: form });
    expect(((await anonymous.json()) as Problem).code).toBe('TOKEN_MISSING');
    const elsewhere = await fetch(`${world.url}/v1/mini-program/login`, { method: 'POST', body: form });
    expect(((await elsewhere.json()) as Problem).code).toBe('UNSUPPORTED_MEDIA_TYPE');
  });
});

describe('the pictures of one person', () => {
  test('are limited by the minute, from however many addresses', async () => {
    const world = await World.start({ RATE_LIMITS: 'on' });
    try {
      const [one, other] = [
        await world.miniProgramLogin(await world.person()),
        await world.miniProgramLogin(await world.person()),
      ];
      const file = await square('#336699');
      const statuses: number[] = [];
      world.clock.advanceToNextMinute();
      for (let time = 0; time < 11; time++) statuses.push((await upload(world, one, file)).status);
      expect(statuses).toEqual([...Array<number>(10).fill(200), 429]);
      expect((await upload(world, other, file)).status).toBe(200);
    } finally {
      await world.stop();
    }
  });
});

describe('the address of a picture', () => {
  let world: World;
  let url: string;
  beforeAll(async () => {
    world = await World.start();
    const login = await world.miniProgramLogin(await world.person());
    url = (await upload(world, login, await square('#224466'))).body.avatarUrl ?? '';
  });
  afterAll(() => world.stop());

  test('is public, may be kept for ever, and is what it says', async () => {
    const { response } = await picture(url);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/webp',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
      etag: expect.stringMatching(/^"[a-z0-9-]+"$/) as unknown,
    });
  });

  test('answers 304 only to a client that has it', async () => {
    const { response } = await picture(url);
    const etag = response.headers.get('etag') ?? '';
    const ask = (ifNoneMatch: string, address = url) =>
      fetch(address, { headers: { 'if-none-match': ifNoneMatch } });
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const reply = await ask(known);
      expect(reply.status).toBe(304);
      expect(reply.headers.get('etag')).toBe(etag);
      expect(await reply.text()).toBe('');
    }
    expect((await ask('"other"')).status).toBe(200);
    expect((await ask(etag, `${url}?size=132`)).status).toBe(200);
  });

  test.each(['unknown0', 'UPPER', '..%2f..%2fpackage.json', '%00', 'a.640.webp', 'x'.repeat(65)])(
    'the key %s is nothing',
    async (key) => {
      const reply = await call<Problem>(`${world.url}/avatars/${key}`);
      expect(reply.body).toMatchObject({ code: 'NOT_FOUND', status: 404 });
      expect(reply.headers.get('cache-control')).toBe('no-store');
    },
  );

  test.each(['64', '640.0', '', 'large', '132&size=640'])('the size %j is none', async (size) => {
    const reply = await call<Problem>(`${url}?size=${size}`);
    expect(reply.body).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(reply.body.errors?.[0]?.field).toBe('size');
  });
});

describe('pictures in a bucket', () => {
  let world: World;
  let s3: S3StandIn;
  let url: string;
  beforeAll(async () => {
    ({ s3, url } = await S3StandIn.listen('faces'));
    world = await World.start({
      AVATAR_STORE: `s3://faces?endpoint=${encodeURIComponent(url)}&region=cn-north-1`,
      S3_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
      S3_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
    });
  });
  afterAll(async () => {
    await world.stop();
    await s3.close();
  });

  test('are copied there and served from there; a bucket that is away is said so, and fails no login', async () => {
    const login = await world.websiteLogin(await world.person());
    const address = await copied(world, login);
    expect(s3.objects.size).toBe(2);
    const { bytes } = await picture(`${address}?size=132`);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 132 });

    await s3.close();
    const broken = await call<Problem>(address);
    expect(broken.body).toMatchObject({ code: 'AVATAR_STORE_UNAVAILABLE', status: 503 });
    expect(broken.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await upload(world, login, await square('#fff'))).body.code).toBe('AVATAR_STORE_UNAVAILABLE');
    expect(await avatarUrl(world, login)).toBe(address);
    const other = new Browser();
    const location = await world.websiteCallback(other, await world.person());
    expect(location.searchParams.has('loginCode')).toBe(true);
    expect(world.log()).not.toContain(S3_KEYS.secretAccessKey);
  });
});
