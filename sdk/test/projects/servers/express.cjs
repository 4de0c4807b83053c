const express = require('express');
const { wechatAuth } = require('@wechat-auth/node/express');

const app = express();
app.use(wechatAuth({ issuer: process.env.AUTH_URL }));
app.get('/orders', (request, response) => response.json({ owner: request.auth.sub }));
const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ express: `http://127.0.0.1:${server.address().port}/orders` }));
});
