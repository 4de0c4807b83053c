/** Everybody has a number; these are the ids under which WeChat and the tables know a number. */

/** @param appId of the app, or null @returns the OpenID that the stand-in gives */
export function openId(appId, person) {
  return `o${(appId ?? '').slice(-6)}_${String(person).padStart(20, '0')}`;
}

export function unionId(person) {
  return `oUnion_${String(person).padStart(21, '0')}`;
}

/**
 * The id of a person's rows that were written without a login: a UUID of version 7, in the order of the numbers.
 * @param kind 0 for everything but the identity of the website, which is 1
 */
export function rowId(person, kind = 0) {
  const digits = person.toString(16).padStart(12, '0');
  return `0198000${kind}-0000-7000-8000-${digits}`;
}
