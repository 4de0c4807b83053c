import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { type Person, SHOP, World } from '../../../../test/harness/world.js';
import { type Dom, startDom } from './dom.js';
import { Program } from './program.js';
import { WeChat } from './wechat.js';

/** What each test has. */
export interface Stage {
  readonly world: World;
  readonly dom: Dom;
  readonly person: Person;
  /** The phone of the person. */
  readonly phone: WeChat;
  /** The example, running on it. */
  readonly program: Program;
  /** Closes the example and starts it again. */
  restart(): Promise<void>;
  /** Another person takes another phone. */
  handOver(): Promise<void>;
  /** Id of the person's user at the service; fails unless there is exactly one. */
  userId(): Promise<string>;
}

/** Sets the service, WeChat and a phone up for the tests of a file. */
export function setStage(): Stage {
  const stage = {
    async restart(): Promise<void> {
      await stage.program.stop();
      stage.program = Program.start(stage.dom, stage.phone.wx);
    },
    async handOver(): Promise<void> {
      stage.person = await stage.world.person();
      stage.phone = new WeChat(stage.world, stage.person);
      await stage.restart();
    },
    async userId(): Promise<string> {
      const openIds = Object.values(stage.person.openIds).map((openId) => `'${openId}'`);
      const rows = await stage.world.backend.rows(
        `SELECT DISTINCT user_id AS id FROM wechat_identities WHERE open_id IN (${openIds.join(', ')})`,
      );
      if (rows.length !== 1) throw new Error(`the person has ${rows.length} users`);
      return String(rows[0]?.id);
    },
  } as { -readonly [Key in keyof Stage]: Stage[Key] };

  beforeAll(async () => {
    stage.world = await World.start({ RETURN_URLS: SHOP });
    stage.dom = startDom();
  });
  afterAll(async () => {
    await stage.dom.stop();
    await stage.world.stop();
  });
  beforeEach(async () => {
    stage.person = await stage.world.person();
    stage.phone = new WeChat(stage.world, stage.person);
    stage.program = Program.start(stage.dom, stage.phone.wx);
  });
  afterEach(() => stage.program.stop());
  return stage;
}
