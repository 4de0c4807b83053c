import { OfficialAccount, ServerRequest } from 'node-easywechat';
import { AES_KEY, APP_ID, receive, TOKEN } from './receiver.mjs';

receive(async (request) => {
  const app = new OfficialAccount({
    app_id: APP_ID,
    secret: '-',
    token: TOKEN,
    ...(AES_KEY === '' ? {} : { aes_key: AES_KEY }),
  });
  app.setRequest(await ServerRequest.createFromIncomingMessage(request));
  const server = app.getServer();
  let read = '';
  server.addMessageListener('text', async (message) => {
    read = JSON.stringify({ MsgId: message.MsgId, Content: message.Content });
    return `收到：${message.Content}`;
  });
  server.addEventListener('subscribe', async ({ EventKey }) => {
    read = JSON.stringify({ EventKey });
  });
  const response = await server.serve();
  const contentType = response.getHeaderLine('Content-Type') || 'text/plain';
  return { message: read, contentType, answer: String(response.getBody()) };
});
