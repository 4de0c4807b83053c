import { AppConfig } from '../../src/config/app-config.js';
import { fingerprint } from '../../src/crypto/secret.js';
import { Database } from '../../src/database/database.js';
import { toSqlTime } from '../../src/database/sql-time.js';
import { RelayPruning } from '../../src/wechat-events/relay/relay-pruning.js';
import { relayReceivers } from '../../src/wechat-events/relay/relay-receiver.js';
import { RelayWorker } from '../../src/wechat-events/relay/relay-worker.js';
import { RelayedPushes } from '../../src/wechat-events/relay/relayed-pushes.js';
import { type PushReceiver, RESETTING, SUCCESS } from './push-receiver.js';
import { message, type PushSender } from './push-sender.js';
import { MINI_PROGRAM, type World } from './world.js';

const DAY = 86_400;

/** Executes every statement of the relay of pushes. */
export async function tourOfRelay(
  world: World,
  wechat: PushSender,
  shops: readonly PushReceiver[],
): Promise<void> {
  const { app } = world.service();
  const worker = app.get(RelayWorker, { strict: false });
  const [shop] = shops;
  const push = (body: string) => wechat.send(world.url, { appId: MINI_PROGRAM, body });
  const all = (behaviour: typeof SUCCESS) => {
    for (const each of shops) each.behaves(behaviour);
  };
  const [answered, waiting, behind, givenUp] = ['a', 'b', 'b', 'c'].map((person, n) =>
    message(`oTour-${person}`, String(n)),
  ) as [string, string, string, string];

  // Kept, answered late, and delivered in order.
  all(RESETTING);
  await push(answered);
  await push(waiting);
  await push(behind);
  await worker.runDue();
  shop?.behaves(SUCCESS);
  const pushes = app.get(RelayedPushes, { strict: false });
  const [receiver] = relayReceivers(app.get(AppConfig, { strict: false }));
  const mailbox = { receiver: receiver?.key ?? '', person: fingerprint(`${MINI_PROGRAM}\noTour-b`) };
  const head = await pushes.head(mailbox);
  await push(answered);
  await push(waiting);
  // It is forgotten after the answer, and what stands behind it becomes due.
  while ((await pushes.head(mailbox)) === head);
  all(SUCCESS);
  world.clock.advance(60);
  await worker.runDue();
  // Given up.
  all(RESETTING);
  await push(givenUp);
  world.clock.advance(2 * DAY);
  await worker.runDue();
  all(SUCCESS);
  // Left over by a receiver that is no longer configured.
  const long = toSqlTime(world.clock.now() - 2 * DAY * 1_000);
  await app.get(Database, { strict: false }).batch([
    {
      sql: "INSERT INTO push_mailboxes (receiver, person, attempts, next_at) VALUES ('gone', 'tour', 1, ?)",
      parameters: [long],
    },
    {
      sql: `INSERT INTO relayed_pushes (id, receiver, person, push_key, tries, sealed, received_at)
            VALUES ('01950000-0000-7000-8000-000000000001', 'gone', 'tour', 'tour', 1, 'x', ?)`,
      parameters: [long],
    },
  ]);
  await app.get(RelayPruning, { strict: false }).runDue();
}
