import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { inTime } from '../../src/common/in-time.js';

const late = (): Error => new Error('late');
const never = (): Promise<never> => new Promise(() => undefined);

describe('a work with a time', () => {
  test('that comes in time is what it comes to, good or bad', async () => {
    await expect(inTime(Promise.resolve(1), 50, late)).resolves.toBe(1);
    await expect(inTime(Promise.reject(new Error('bad')), 50, late)).rejects.toThrow('bad');
  });

  test('that takes longer is late', async () => {
    await expect(inTime(never(), 5, late)).rejects.toThrow('late');
  });

  test('whose answer arrived while the process stood still is in time', async () => {
    const server = createServer((socket) => socket.end('answer'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const answer = once(socket, 'data').then(([data]) => String(data));
    await once(socket, 'connect');
    // The answer is on its way; by the time that it is looked for the timer has long been due.
    const result = inTime(answer, 5, late);
    for (const until = performance.now() + 30; performance.now() < until;);
    await expect(result).resolves.toBe('answer');
    server.close();
  });
});
