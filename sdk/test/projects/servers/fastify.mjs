import fastify from 'fastify';
import { wechatAuth } from '@wechat-auth/node/fastify';

const app = fastify();
await app.register(wechatAuth, { issuer: process.env.AUTH_URL });
app.get('/orders', async (request) => ({ owner: request.auth.sub }));
const url = await app.listen({ port: 0, host: '127.0.0.1' });
console.log(JSON.stringify({ fastify: `${url}/orders` }));
