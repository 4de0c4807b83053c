import Koa from 'koa';
import { wechatAuth } from '@wechat-auth/node/koa';

const app = new Koa();
app.use(wechatAuth({ issuer: process.env.AUTH_URL }));
app.use((context) => {
  context.body = { owner: context.state.auth.sub };
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ koa: `http://127.0.0.1:${server.address().port}/orders` }));
});
