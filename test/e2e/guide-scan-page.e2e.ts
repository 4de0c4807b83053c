import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Dom, startDom } from '../../sdk/mini-program/test/example/dom.js';
import { EXAMPLE, Program, Screen } from '../../sdk/mini-program/test/example/program.js';
import { WeChat } from '../../sdk/mini-program/test/example/wechat.js';
import { Browser } from '../harness/browser.js';
import { blocksOf, filesOf } from '../harness/printed-code.js';
import { World } from '../harness/world.js';

const PAGE = 'docs/guide/mini-program.md';
const SCAN = 'pages/scan/scan';

describe("the guide's scan page, with the component to copy", () => {
  let world: World;
  let dom: Dom;
  /** A mini program: the printed page, and all of the example but its pages. */
  let folder: string;

  beforeAll(async () => {
    world = await World.start();
    dom = startDom();
    folder = await mkdtemp(join(tmpdir(), 'wechat-auth-scan-page-'));
    for (const name of await readdir(EXAMPLE)) {
      if (name !== 'pages') await symlink(join(EXAMPLE, name), join(folder, name));
    }
    await mkdir(join(folder, 'pages/scan'), { recursive: true });
    const files = filesOf(PAGE);
    for (const ending of ['js', 'wxml']) {
      await writeFile(join(folder, `${SCAN}.${ending}`), files.get(`${SCAN}.${ending}`) ?? '');
    }
    await writeFile(join(folder, `${SCAN}.json`), blocksOf(PAGE, 'json')[0] ?? '');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await dom.stop();
    await world.stop();
  });

  test('asks, and confirms', async () => {
    const person = await world.person();
    const program = Program.start(dom, new WeChat(world, person).wx);
    const browser = new Browser();
    const attempt = await world.attempt(browser);
    const options = { rootPath: folder, compiler: 'simulate' };
    const rendered = dom.simulate.render(dom.simulate.load(join(folder, SCAN), options));
    rendered.attach(dom.document.body);
    const screen = new Screen(dom, rendered);
    screen.call('onLoad', { scene: encodeURIComponent(await world.ticketOf(attempt)) });
    await screen.settled();
    expect((await world.status(browser, attempt.id)).body).toEqual({ status: 'scanned' });

    await screen.tap(screen.buttons[0] ?? '');
    const { body } = await world.status(browser, attempt.id);
    expect(body).toMatchObject({ status: 'confirmed' });
    const { user } = (await world.redeem(browser, body.loginCode ?? null)).body;
    const [openId = ''] = Object.values(person.openIds);
    expect(
      await world.count(`wechat_identities WHERE user_id = '${user.id}' AND open_id = '${openId}'`),
    ).toBe(1);
    screen.close();
    await program.stop();
  });
});
