import { MessageCrypto, WeChatService } from 'nest-wechat';
import { AES_KEY, APP_ID, echoed, element, receive, TOKEN } from './receiver.mjs';

const service = new WeChatService({ appId: APP_ID, secret: '-', token: TOKEN, encodingAESKey: AES_KEY });

receive(async (request, query) => {
  // The handlers are made for Express: they read its parsed query, and the body from the request.
  const received = Object.assign(request, { query });
  const message = String(
    AES_KEY === ''
      ? await service.plainMessagePushExpressHandler(received)
      : await service.messagePushExpressHandler(received),
  );
  const reply = echoed({
    to: element(message, 'FromUserName'),
    from: element(message, 'ToUserName'),
    content: element(message, 'Content'),
  });
  const answer =
    AES_KEY === ''
      ? reply
      : MessageCrypto.encryptMessage(APP_ID, TOKEN, AES_KEY, reply, query.timestamp, query.nonce);
  return { message, contentType: 'application/xml', answer };
});
