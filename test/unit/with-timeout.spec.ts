import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { withTimeout } from '../../src/common/with-timeout.js';

const late = (): Error => new Error('late');
const never = (): Promise<never> => new Promise(() => undefined);

describe('a promise with a timeout', () => {
  test('settles like the promise, if that settles in time', async () => {
    await expect(withTimeout(Promise.resolve(1), 50, late)).resolves.toBe(1);
    await expect(withTimeout(Promise.reject(new Error('bad')), 50, late)).rejects.toThrow('bad');
  });

  test('rejects after the timeout', async () => {
    await expect(withTimeout(never(), 5, late)).rejects.toThrow('late');
  });

  test('accepts an answer that arrived while the event loop was blocked', async () => {
    const server = createServer((socket) => socket.end('answer'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const answer = once(socket, 'data').then(([data]) => String(data));
    await once(socket, 'connect');
    // The answer arrives while the loop below blocks; the timer is due long before the answer is read.
    const result = withTimeout(answer, 5, late);
    for (const until = performance.now() + 30; performance.now() < until;);
    await expect(result).resolves.toBe('answer');
    server.close();
  });
});
