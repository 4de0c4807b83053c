import { isPushValue, type PushFields } from '../push/fields.js';
import { ANOTHER_APP, type Stamp } from '../push/letter.js';
import { eventMessage, newMsgId, type PushMessage, textMessage } from '../push/message.js';
import type { World } from '../state/world.js';
import { ControlError, type Fields } from './body.js';
import { anyAppOf, personOf } from './lookup.js';

/** The fields of `POST /control/push` that say what is pushed. */
export const MESSAGE_FIELDS = [
  ...['appId', 'person', 'event', 'text', 'msgId', 'revokeInfo', 'createTime', 'fields', 'each'],
];

const LARGEST_MSG_ID = 2n ** 64n - 1n;

/**
 * What is pushed: an event, or the text of a person. With `each`, one push for each of its objects, which differ in
 * these fields only: sender and second are the same.
 */
export function messagesOf(fields: Fields, world: World, { timestamp }: Partial<Stamp>): PushMessage[] {
  const { appId } = anyAppOf(world, fields.required('appId'));
  const person = personOf(world, fields.required('person'));
  const subject = {
    appId: fields.text('tamper') === 'appid' ? ANOTHER_APP : appId,
    openId: world.people.openId(person, appId),
    unionId: world.people.unionId(person),
    createTime: fields.integer('createTime') ?? Number(timestamp ?? Math.floor(world.clock.now() / 1000)),
    revokeInfo: fields.text('revokeInfo'),
  };
  const shared = pushFields('fields', fields.object('fields') ?? {});
  const each = fields.objects('each') ?? [{}];
  const messages = each.map((own) => {
    const more = { ...shared, ...pushFields('each', own) };
    if (!fields.has('text')) return eventMessage({ ...subject, event: fields.required('event') }, more);
    if (fields.has('event')) throw new ControlError(400, 'Give an "event" or a "text", not both.');
    return textMessage(subject, { content: fields.required('text'), msgId: msgIdOf(fields) }, more);
  });
  // It goes to the app's URL, also where it is made for another app.
  return messages.map((message) => ({ ...message, appId }));
}

/** As text, since a JSON number of 64 bits loses digits on its way. */
function msgIdOf(fields: Fields): bigint {
  const text = fields.text('msgId');
  if (text === undefined) return newMsgId();
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > LARGEST_MSG_ID) {
    throw new ControlError(400, '"msgId" must be a string of digits, of at most 64 bits.');
  }
  return BigInt(text);
}

function pushFields(name: string, value: Readonly<Record<string, unknown>>): PushFields {
  if (!isPushObject(value)) {
    throw new ControlError(400, `"${name}" holds a value that is no string, number, list or object.`);
  }
  return value;
}

function isPushObject(value: Readonly<Record<string, unknown>>): value is PushFields {
  return Object.values(value).every(isPushValue);
}
