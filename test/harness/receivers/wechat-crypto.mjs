import WXBizMsgCrypt from 'wechat-crypto';
import { AES_KEY, APP_ID, echoed, element, receive, textOf, TOKEN } from './receiver.mjs';

const crypt = new WXBizMsgCrypt(TOKEN, AES_KEY, APP_ID);

receive(async (request, { msg_signature, timestamp, nonce }) => {
  const encrypted = element(await textOf(request), 'Encrypt');
  if (crypt.getSignature(timestamp, nonce, encrypted) !== msg_signature) throw new Error('signature');
  const { message, id } = crypt.decrypt(encrypted);
  if (id !== APP_ID) throw new Error('appid');
  if (element(message, 'Event').startsWith('xpay_')) {
    const answer = '<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>';
    return { message, contentType: 'text/xml', answer };
  }
  const reply = crypt.encrypt(
    echoed({
      to: element(message, 'FromUserName'),
      from: element(message, 'ToUserName'),
      content: element(message, 'Content'),
    }),
  );
  const answer = `<xml><Encrypt><![CDATA[${reply}]]></Encrypt><MsgSignature><![CDATA[${crypt.getSignature(timestamp, nonce, reply)}]]></MsgSignature><TimeStamp>${timestamp}</TimeStamp><Nonce><![CDATA[${nonce}]]></Nonce></xml>`;
  return { message, contentType: 'text/xml; charset=utf-8', answer };
});
