import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { call } from '../harness/http.js';
import {
  faultyPictureProgram,
  isAlive,
  missingPictureProgram,
  pictureProcessesOf,
} from '../harness/picture-programs.js';
import type { Program } from '../harness/program.js';
import { processInPlaceOf, startProcess, untilReady } from '../harness/service-process.js';
import { type Person, type TokenReply, World } from '../harness/world.js';

/** What /proc says is needed. */
const onLinux = process.platform === 'linux' ? describe : describe.skip;

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function hasPicture(world: World, { user }: TokenReply): Promise<boolean> {
  return (await world.count(`users WHERE id = '${user.id}' AND avatar_key IS NOT NULL`)) === 1;
}

function copies(world: World, { user }: TokenReply): Promise<Record<string, unknown>[]> {
  return world.backend.rows(`SELECT * FROM avatar_jobs WHERE kind = 'copy' AND user_id = '${user.id}'`);
}

async function square(): Promise<Blob> {
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#369' } })
    .jpeg()
    .toBuffer();
  return new Blob([new Uint8Array(bytes)]);
}

async function upload(url: string, { accessToken }: TokenReply): Promise<Response> {
  const form = new FormData();
  form.append('file', await square());
  return fetch(`${url}/v1/users/me/avatar`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${accessToken}` },
    body: form,
  });
}

describe('a picture process that fails', () => {
  let world: World;
  let model: Person;
  let folder: string;
  beforeAll(async () => {
    world = await World.start({}, 1, { pictureProgram: faultyPictureProgram });
    model = await world.person();
    folder = await mkdtemp(join(tmpdir(), 'wechat-auth-pictures-'));
  });
  afterAll(async () => {
    await world.stop();
    await rm(folder, { recursive: true });
  });

  /** Somebody whose picture makes the process fail while it decodes it. */
  const personWhosePicture = (fault: string): Promise<Person> =>
    world.person({ avatarUrl: `${world.sandbox.url}/mmopen/vi_32/${model.id}-1/132?${fault}` });

  test('that is killed while it decodes is started again, and the picture arrives', async () => {
    const marker = join(folder, 'killed');
    const login = await world.websiteLogin(
      await personWhosePicture(`fault=kill-once&marker=${encodeURIComponent(marker)}`),
    );
    await until(() => hasPicture(world, login));
    expect(await readdir(folder)).toEqual(['killed']);
    expect(world.log()).toContain('the picture process ended and is started again');
    expect(await copies(world, login)).toEqual([]);
  });

  test('that the system kills at every try leaves the picture for later, and the others arrive', async () => {
    const unlucky = await world.websiteLogin(await personWhosePicture('fault=kill'));
    const other = await world.websiteLogin(await world.person());
    await until(() => hasPicture(world, other));
    await until(() => world.log().includes('not done yet: the process that decodes pictures does not run'));
    expect(await copies(world, unlucky)).toMatchObject([{ attempts: 1 }]);
    expect(world.log()).not.toContain('given up');
  });

  test('with every try is given up for this picture, and the others arrive', async () => {
    const [bad, ...others] = await Promise.all(
      [personWhosePicture('fault=crash'), world.person(), world.person(), world.person()].map(
        async (person) => world.websiteLogin(await person),
      ),
    );
    if (!bad) throw new Error('nobody has logged in');
    for (const login of others) await until(() => hasPicture(world, login));
    await until(async () => (await copies(world, bad)).length === 0);
    expect(await hasPicture(world, bad)).toBe(false);
    expect(world.log()).toContain('given up: the content is not a usable picture (the decoder ended)');
  });

  test('and hangs is ended: the picture is tried later, the others arrive', async () => {
    const bad = await world.websiteLogin(await personWhosePicture('fault=hang'));
    const other = await world.websiteLogin(await world.person());
    await until(() => hasPicture(world, other));
    expect(await hasPicture(world, bad)).toBe(false);
    expect(await copies(world, bad)).toMatchObject([{ attempts: 1 }]);
    expect((await upload(world.url, bad)).status).toBe(200);
  });
});

describe('a picture process that cannot be started', () => {
  test('fails no login and loses no picture; an upload is told to come again', async () => {
    const world = await World.start({}, 1, { pictureProgram: missingPictureProgram });
    try {
      const login = await world.websiteLogin(await world.person());
      const reply = await upload(world.url, login);
      expect(await reply.json()).toMatchObject({ code: 'AVATARS_BUSY', status: 503 });
      expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await copies(world, login)).toHaveLength(1);
      expect((await world.websiteLogin(await world.person())).user.id).toBeDefined();
      expect(world.log()).toContain('the picture process could not be started');
    } finally {
      await world.stop();
    }
  });
});

onLinux('the picture process beside the service', () => {
  let world: World;
  let url: string;
  let service: Program;
  let pictures: number;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  /** The process has the lowest priority: on a busy machine an upload is told to come again. */
  const untilUploaded = (login: TokenReply): Promise<void> =>
    until(async () => (await upload(url, login)).status === 200);

  beforeEach(async () => {
    const plan = await processInPlaceOf(world);
    url = plan.url;
    service = startProcess(plan.environment);
    await untilReady(url);
    expect(pictureProcessesOf(service.child.pid ?? 0)).toEqual([]);
    const login = await world.miniProgramLogin(await world.person(), url);
    await untilUploaded(login);
    [pictures = 0] = pictureProcessesOf(service.child.pid ?? 0);
    expect(isAlive(pictures)).toBe(true);
  }, 60_000);
  afterEach(async () => {
    service.child.kill('SIGKILL');
    await service.ended;
    await until(() => !isAlive(pictures));
  });

  test('lets everything else go first, and knows no secret', async () => {
    for (const thread of await readdir(`/proc/${pictures}/task`)) {
      const fields = (await readFile(`/proc/${pictures}/task/${thread}/stat`, 'utf8'))
        .replace(/^.*\) /, '')
        .split(' ');
      expect([thread, fields[16]]).toEqual([thread, '19']);
    }
    expect(Number(await readFile(`/proc/${pictures}/oom_score_adj`, 'utf8'))).toBe(800);
    const environment = await readFile(`/proc/${pictures}/environ`, 'utf8');
    expect(environment).not.toMatch(/ENCRYPTION_KEYS|DATABASE|REDIS|WECHAT/);
  });

  test('ends with a service that is killed', async () => {
    service.child.kill('SIGKILL');
    await service.ended;
    await until(() => !isAlive(pictures));
  });

  test('holds up no service that is told to stop, even while it hangs in the middle of a picture', async () => {
    process.kill(pictures, 'SIGSTOP');
    const login = await world.miniProgramLogin(await world.person(), url);
    const cut = upload(url, login).then(
      ({ status }) => status,
      () => 'cut off',
    );
    const toldAt = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(10_000);
    await until(() => !isAlive(pictures));
    expect(await cut).toBe(503);
  });

  test('that somebody else ends is started again with the next picture', async () => {
    process.kill(pictures, 'SIGKILL');
    await until(() => !isAlive(pictures));
    const login = await world.miniProgramLogin(await world.person(), url);
    await untilUploaded(login);
    const [next = 0] = pictureProcessesOf(service.child.pid ?? 0);
    expect(next).not.toBe(pictures);
    pictures = next;
    expect((await call(`${url}/health/ready`)).status).toBe(200);
  });
});
