import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../src/common/app-error.js';
import { Cursors, type ListScope } from '../../src/http/paging.js';
import { KeyRing } from '../../src/crypto/key-ring.js';

const [A, B] = [1, 2].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer];
const ID = '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e4f';
const USERS: ListScope = { list: 'users', filters: { q: '小明', status: null } };

function codeOf(read: () => unknown): string {
  try {
    read();
    return 'accepted';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

describe('a cursor', () => {
  const cursors = new Cursors(new KeyRing([A]));
  const cursor = cursors.issue(USERS, ID);

  test('gives back the id that the page ended with; none is the first page', () => {
    expect(cursors.read(USERS, cursor)).toBe(ID);
    expect(cursors.read(USERS, undefined)).toBeNull();
  });

  test('needs no escaping in a URL, and does not depend on the order of the filters', () => {
    expect(encodeURIComponent(cursor)).toBe(cursor);
    expect(cursors.issue({ list: 'users', filters: { status: null, q: '小明' } }, ID)).toBe(cursor);
  });

  test('works for its own list and filters only', () => {
    const others: ListScope[] = [
      { ...USERS, list: 'events' },
      { ...USERS, filters: { q: '小明', status: 'active' } },
      { ...USERS, filters: { q: '小', status: null } },
      { ...USERS, filters: { q: null, status: null } },
      { ...USERS, filters: { q: 'null', status: null } },
      { ...USERS, filters: { q: '小明' } },
    ];
    expect(others.map((scope) => codeOf(() => cursors.read(scope, cursor)))).toEqual(
      others.map(() => 'CURSOR_INVALID'),
    );
  });

  test('cannot be made or changed without the key', () => {
    const [place = '', mac = ''] = cursor.split('.');
    const other = Buffer.from(ID.replace('4f', '50')).toString('base64url');
    const forged = [
      '',
      '.',
      ID,
      place,
      `${place}.`,
      `.${mac}`,
      `${other}.${mac}`,
      `${place}.${mac.slice(0, -1)}`,
      `${place}.${mac}A`,
      `${place}=.${mac}`,
      `${place}.${'A'.repeat(43)}`,
      ` ${cursor}`,
      `${cursor}\n`,
      'x'.repeat(10_000),
      new Cursors(new KeyRing([B])).issue(USERS, ID),
    ];
    expect(forged.map((each) => codeOf(() => cursors.read(USERS, each)))).toEqual(
      forged.map(() => 'CURSOR_INVALID'),
    );
  });

  test('survives a rotation of the keys', () => {
    expect(new Cursors(new KeyRing([B, A])).read(USERS, cursor)).toBe(ID);
  });

  test('is on every page but the last', () => {
    const rows = ['c', 'b', 'a'].map((id) => ({ id }));
    const page = cursors.page(USERS, rows, 2);
    expect(page.items).toEqual([{ id: 'c' }, { id: 'b' }]);
    expect(cursors.read(USERS, page.nextCursor ?? '')).toBe('b');
    expect(cursors.page(USERS, rows, 3)).toEqual({ items: rows, nextCursor: null });
    expect(cursors.page(USERS, [], 3)).toEqual({ items: [], nextCursor: null });
  });
});
