/**
 * WeChat, as far as a login needs it: answers at once and correctly, without state. The code contains the person
 * (`<anything>-<person>-<unique>`), so any number of people can log in without a registration.
 *
 *   node bench/stand-in.mjs   (PORT; PICTURES, a folder of JPEGs: people then have pictures that can be fetched here)
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { listening } from './listening.mjs';
import { openId, unionId } from './people.mjs';

const CODE = /^[a-z]+-(\d+)-[a-z0-9]+$/;
const ACCESS_TOKEN = /^access-(\d+)$/;
const PICTURE = /^\/mmopen\/vi_32\/(\d+)\/132$/;

const { PICTURES, PORT } = process.env;
const picture = PICTURES === undefined ? null : (await import('./pictures.mjs')).pictureOf(PICTURES);
const pictureOrigin = picture === null ? 'https://thirdwx.qlogo.cn' : `http://127.0.0.1:${PORT}`;

/** Path -> query -> reply; shapes and missing errcodes as in wechat-api.md sections 1.1, 4.4, 4.6 and 4.7. */
const ENDPOINTS = {
  '/sns/jscode2session': (query) => {
    const person = CODE.exec(query.get('js_code') ?? '')?.[1];
    if (person === undefined)
      return { errcode: 40029, errmsg: 'invalid code, rid: 65d56510-389d87bb-729c2f46' };
    // A new key each time, so that the login has a session_key to encrypt and store.
    return {
      session_key: randomBytes(16).toString('base64'),
      openid: openId(query.get('appid'), person),
      unionid: unionId(person),
    };
  },
  '/sns/oauth2/access_token': (query) => {
    const person = CODE.exec(query.get('code') ?? '')?.[1];
    if (person === undefined)
      return { errcode: 40029, errmsg: 'invalid code, rid: 65d56510-389d87bb-729c2f46' };
    return {
      access_token: `access-${person}`,
      expires_in: 7200,
      refresh_token: `refresh-${randomBytes(32).toString('hex')}`,
      openid: openId(query.get('appid'), person),
      scope: 'snsapi_login',
      unionid: unionId(person),
    };
  },
  '/sns/userinfo': (query) => {
    const person = ACCESS_TOKEN.exec(query.get('access_token') ?? '')?.[1];
    if (person === undefined)
      return { errcode: 40001, errmsg: 'invalid credential, rid: 65d56510-389d87bb-729c2f46' };
    return {
      openid: query.get('openid'),
      nickname: `小明 ${person}`,
      sex: 0,
      language: '',
      city: '',
      province: '',
      country: '',
      headimgurl: `${pictureOrigin}/mmopen/vi_32/${person}/132`,
      privilege: [],
      unionid: unionId(person),
    };
  },
  '/sns/auth': () => ({ errcode: 0, errmsg: 'ok' }),
  '/cgi-bin/stable_token': () => ({ access_token: 'access', expires_in: 7200 }),
};

/** A mini-program code (section 1.5): the first bytes of a JPEG, and the scene for programs that cannot see. */
const CODE_PICTURE = '/wxa/getwxacodeunlimit';

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://stand-in');
  if (pathname === CODE_PICTURE) {
    void sendCode(request, response);
    return;
  }
  const person = picture === null ? undefined : PICTURE.exec(pathname)?.[1];
  if (person !== undefined) {
    response.writeHead(200, { 'Content-Type': 'image/jpeg' });
    response.end(picture(person));
    return;
  }
  const endpoint = ENDPOINTS[pathname];
  const body = Buffer.from(
    JSON.stringify(endpoint ? endpoint(searchParams) : { errcode: 40066, errmsg: 'invalid url' }),
  );
  // Section 0: text/plain without a charset, and always status 200.
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
});

async function sendCode(request, response) {
  const { scene } = await json(request);
  const body = Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.from(`scene=${scene}`)]);
  response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': body.length });
  response.end(body);
}

server.keepAliveTimeout = 60_000;
listening(server);
