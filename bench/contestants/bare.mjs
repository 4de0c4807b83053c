/**
 * A bare Fastify route: answers 200 to the token check and checks nothing.
 *
 *   node bench/contestants/bare.mjs   (PORT)
 */
import Fastify from 'fastify';
import { ready } from '../listening.mjs';

const app = Fastify();
app.get('/v1/auth/verify', (_request, reply) => reply.send());
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
ready();
