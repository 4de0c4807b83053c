/** A published example of WeChat's signatures (wechat-api-2.md section 13.9). `null`: the source has no such value. */
export interface SignatureVector {
  readonly name: string;
  readonly sessionKey: string;
  readonly appKey: string;
  readonly uri: string;
  readonly payload: string;
  readonly signature: string | null;
  readonly paySig: string | null;
}

const OFFICIAL = { sessionKey: '9hAb/NEYUlkaMBEsmFgzig==', appKey: '12345' };
const GO = { sessionKey: 'test_session_key_abcdef', appKey: 'test_app_key_1234567890' };
const CLIENT_CALL = 'requestVirtualPayment';

/** V8, V9, V11 to V14. */
export const SIGNATURE_VECTORS: readonly SignatureVector[] = [
  {
    name: 'V8, mini game',
    ...OFFICIAL,
    uri: '/wxa/game/getbalance',
    payload:
      '{"offer_id": "12345678", "openid": "oUrsfxxxxxxxxxx", "ts": 1668136271, "zone_id": "1", "env": 0}',
    signature: '42fe1d3341fb1c8bd6f5014ba735ab04eacc80a2deb3ab4669eab4700b5b6729',
    paySig: '11bac6388871d29c055c7d16fbe42e8d646855b666faf89b15c815218b1b23bd',
  },
  {
    name: 'V9, xpay',
    ...OFFICIAL,
    uri: '/xpay/query_user_balance',
    payload: '{"openid": "xxx", "user_ip": "127.0.0.1", "env": 0}',
    signature: '089d9e8dc5d308977360c4b79ec600a93d736802802a807d634192328032f6c7',
    paySig: 'c37809f27c6d7fd1837ad2500a04512b66b34fd793a39a385fade56dca89a4b5',
  },
  {
    name: 'V11, characters beyond ASCII',
    sessionKey: 'session_key_123',
    appKey: 'app_key_123',
    uri: CLIENT_CALL,
    payload:
      '{"offerId":"1450019686","buyQuantity":1,"env":0,"currencyType":"CNY","productId":"product_001","goodsPrice":100,"outTradeNo":"order12345","attach":"attach中文"}',
    signature: '602f76d9cadf36c232f7f6c1faa5fe295b0f955d188049997d0df699c0619c86',
    paySig: '52b0abda3c933b0273d328b5c5102ee9ab9249309474ddcdf5e9ce0f80b23532',
  },
  {
    name: 'V12',
    ...GO,
    uri: CLIENT_CALL,
    payload:
      '{"offerId":"1234567890","buyQuantity":1,"env":0,"currencyType":"CNY","platform":"android","productId":"prod_001","goodsPrice":100,"outTradeNo":"ORDER20260101001","attach":"test"}',
    signature: '4a375c7d1497aae1a17ba060589add5f65a65351f048716818d957ff6434952f',
    paySig: '62a944504dbabe280e5a559280baecb11ee2b92237bb87eadd338a3bdf429d54',
  },
  {
    name: 'V13, characters that Go escapes',
    ...GO,
    uri: CLIENT_CALL,
    payload:
      '{"offerId":"1234567890","buyQuantity":1,"env":0,"currencyType":"CNY","platform":"ios","productId":"a<b>&c","goodsPrice":100,"outTradeNo":"ORDER20260101002","attach":"x&y"}',
    signature: null,
    paySig: 'f9c7c448b71263a3b8b302e095cd62a169e4090ec5160b563fa75ad982491ba9',
  },
  {
    name: 'V14',
    ...GO,
    uri: '/xpay/start_upload_goods',
    payload: '{"productId":"prod_001","price":100}',
    signature: null,
    paySig: 'a81508a31914fccf57699c96e5207ca1c93739b942ecd891aaec469caa41b97e',
  },
];
