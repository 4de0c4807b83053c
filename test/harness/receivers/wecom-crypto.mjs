import { decrypt, encrypt, getSignature } from '@wecom/crypto';
import { AES_KEY, APP_ID, receive, textOf, TOKEN } from './receiver.mjs';

receive(async (request, { msg_signature, timestamp, nonce }) => {
  const { Encrypt } = JSON.parse(await textOf(request));
  if (getSignature(TOKEN, timestamp, nonce, Encrypt) !== msg_signature) throw new Error('signature');
  const { message, id } = decrypt(AES_KEY, Encrypt);
  if (id !== APP_ID) throw new Error('appid');
  const { FromUserName, ToUserName, Event, Content } = JSON.parse(message);
  const contentType = 'application/json';
  if (Event?.startsWith('xpay_')) return { message, contentType, answer: '{"ErrCode":0,"ErrMsg":"success"}' };
  const reply = encrypt(
    AES_KEY,
    JSON.stringify({
      ToUserName: FromUserName,
      FromUserName: ToUserName,
      MsgType: 'text',
      Content: `收到：${Content}`,
    }),
    APP_ID,
  );
  const signature = getSignature(TOKEN, timestamp, nonce, reply);
  const envelope = { Encrypt: reply, MsgSignature: signature, TimeStamp: Number(timestamp), Nonce: nonce };
  return { message, contentType, answer: JSON.stringify(envelope) };
});
