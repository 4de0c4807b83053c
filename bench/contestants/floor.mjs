/**
 * The floor: the minimum work of a login, written by hand for the returning user only. It writes the same rows to the
 * same tables with the same number of commits, sets the same marks in Redis, encrypts and signs in the same way, logs
 * one line per reply, and gives the same replies. Statements that are sent alone are prepared, the log is written in
 * blocks, and a signature is verified once per token. docs/performance.md lists what it omits.
 *
 *   node bench/contestants/floor.mjs   (PORT, DATABASE_URL, REDIS_URL, WECHAT_API_URL, WECHAT_OPEN_URL,
 *                                       MINI_PROGRAM, WEBSITE, ENCRYPTION_KEY, RETURN_TO)
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  randomUUID,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import Fastify, { LogController } from 'fastify';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import pino from 'pino';
import { Pool } from 'undici';
import { ready } from '../listening.mjs';

const env = process.env;
const PUBLIC_URL = `http://127.0.0.1:${env.PORT}`;
const ACCESS_TOKEN_S = 15 * 60;
const SESSION_MS = 90 * 24 * 3_600_000;
const IDLE_S = 30 * 24 * 3_600;
const STATE_MS = 600_000;
const SPENT_MS = 900_000;
const LOGIN_CODE_MS = 60_000;
const SESSION_FRESH_MS = 5_000;

const miniProgram = app(env.MINI_PROGRAM);
const website = app(env.WEBSITE);
const database = createPool({
  uri: env.DATABASE_URL,
  connectionLimit: 20,
  multipleStatements: true,
  dateStrings: true,
  timezone: 'Z',
  trace: false,
});
const redis = new Redis(env.REDIS_URL, { keyPrefix: 'bench-floor:' });
const wechat = new Pool(env.WECHAT_API_URL, { connections: 64 });

const master = Buffer.from(env.ENCRYPTION_KEY, 'base64');
const keyId = derive('key-id', 6).toString('base64url');
const sealKey = createSecretKey(derive('seal', 32));
const refreshKey = createSecretKey(derive('refresh-token', 32));
const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwtHeader = base64url({ alg: 'ES256', typ: 'JWT', kid: 'floor' });

const IDENTITY = `i.id AS identity_id, i.app_id, i.app_kind, i.open_id, i.union_id, i.session_key,
  u.id AS user_id, u.nickname, u.avatar_key, u.phone_number, u.status, u.created_at AS user_created_at,
  u.last_login_at AS user_last_login_at`;
const SELECT_IDENTITY = `SELECT ${IDENTITY} FROM wechat_identities i JOIN users u ON u.id = i.user_id`;
const SELECT_SESSION = `SELECT s.id AS session_id, s.generation, s.last_used_at, s.expires_at, s.revoked_at,
  i.app_id, i.open_id, i.union_id, u.id AS user_id, u.status
  FROM sessions s JOIN wechat_identities i ON i.id = s.identity_id JOIN users u ON u.id = i.user_id WHERE s.id = ?`;
const UPDATE_SESSION_KEY = `UPDATE wechat_identities SET previous_session_key = session_key, session_key = ?, session_key_at = ?
  WHERE id = ? AND (session_key_at IS NULL OR session_key_at < ?)`;
const UPDATE_LOGINS = `UPDATE wechat_identities SET last_login_at = ? WHERE id = ?;
  UPDATE users SET last_login_at = ? WHERE id = ?`;
const INSERT_SESSION = `INSERT INTO sessions (id, identity_id, generation, device, ip, created_at, last_used_at, expires_at)
  VALUES (?, ?, 1, ?, ?, ?, ?, ?)`;
const INSERT_EVENT = `INSERT INTO events (id, type, user_id, actor, ip, request_id, details, created_at)
  VALUES (?, 'login.succeeded', ?, 'user', ?, ?, ?, ?)`;
const OPEN_SESSION = `${UPDATE_LOGINS}; ${INSERT_SESSION}; ${INSERT_EVENT}`;
const LOGIN = `START TRANSACTION; ${UPDATE_SESSION_KEY}; ${OPEN_SESSION}; COMMIT`;
const REDEEM = `START TRANSACTION; UPDATE wechat_identities SET refresh_token = ? WHERE id = ?; ${OPEN_SESSION}; COMMIT`;
const ROTATE = `UPDATE sessions SET generation = generation + 1, rotated_at = ?, last_used_at = ?
  WHERE id = ? AND generation = ? AND revoked_at IS NULL AND last_used_at > ?; ${SELECT_SESSION}`;

const WECHAT_ID = /^[A-Za-z0-9_-]{1,64}$/;
const STATE = /^[0-9a-f]{64}$/;
const REFRESH_TOKEN = /^([0-9a-f-]{36})\.(\d{1,9})\.([A-Za-z0-9_-]{43})$/;
const COOKIE = /(?:^|; )bench-browser=([0-9a-f]{64})/;

/** Access token -> claims; sessionId -> { found, readAt }. Bounded by the number of sessions that a run checks. */
const trusted = new Map();
const verified = new Map();

const server = Fastify({
  logger: { level: 'info', base: null, stream: pino.destination({ fd: 1, sync: false, minLength: 4096 }) },
  logController: new LogController({ disableRequestLogging: true }),
  genReqId: () => randomUUID(),
});
server.addHook('onResponse', (request, reply, done) => {
  const { method, routeOptions } = request;
  server.log.info({
    requestId: request.id,
    method,
    route: routeOptions.url,
    status: reply.statusCode,
    ms: reply.elapsedTime,
  });
  done();
});

const text = (maxLength) => ({ type: 'string', maxLength });
const body = (properties) => ({ body: { type: 'object', required: Object.keys(properties), properties } });

server.post('/v1/mini-program/login', { schema: body({ code: text(512) }) }, async (request, reply) => {
  const { code } = request.body;
  const obtainedAt = sqlTime(Date.now());
  await spend(miniProgram, code);
  const answer = await ask(
    `/sns/jscode2session?appid=${miniProgram.appId}&secret=${miniProgram.secret}&js_code=${encodeURIComponent(code)}&grant_type=authorization_code`,
  );
  if (!WECHAT_ID.test(answer.openid) || typeof answer.session_key !== 'string') throw new Error('bad answer');
  const login = await returning(miniProgram.appId, answer);
  const place = `wechat_identities.session_key:${login.identity_id}`;
  if (login.session_key !== null && open(login.session_key, place) === answer.session_key)
    throw new Error('same key');
  const now = Date.now();
  const session = newSession(now);
  await database.query(LOGIN, [
    seal(answer.session_key, place),
    obtainedAt,
    login.identity_id,
    obtainedAt,
    ...openSession(login, session, now, request.id, request.ip, request.headers['user-agent'] ?? null),
  ]);
  return answered(request, reply, tokens(login, session, now, true));
});

server.get('/v1/web-qr-login/authorize', async (request, reply) => {
  const { returnTo } = request.query;
  if (!returnTo?.startsWith(env.RETURN_TO)) throw new Error('bad returnTo');
  let browser = COOKIE.exec(request.headers.cookie ?? '')?.[1];
  if (browser === undefined) {
    browser = secret();
    reply.header('Set-Cookie', `bench-browser=${browser}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax`);
  }
  const state = secret();
  const login = JSON.stringify({ appId: website.appId, returnTo, browser: fingerprint(browser) });
  await redis.set(`state:${fingerprint(state)}`, login, 'PX', STATE_MS);
  const callback = encodeURIComponent(`${PUBLIC_URL}/v1/web-qr-login/callback`);
  return answered(request, reply).redirect(
    `${env.WECHAT_OPEN_URL}/connect/qrconnect?appid=${website.appId}&redirect_uri=${callback}&response_type=code&scope=snsapi_login&state=${state}#wechat_redirect`,
    302,
  );
});

server.get('/v1/web-qr-login/callback', async (request, reply) => {
  const { code, state } = request.query;
  if (!STATE.test(state)) throw new Error('bad state');
  const key = fingerprint(state);
  const [[, stored], [, claimed]] = await redis
    .pipeline()
    .get(`state:${key}`)
    .set(`claim:${key}`, fingerprint(code), 'PX', STATE_MS, 'NX')
    .exec();
  const attempt = JSON.parse(stored);
  if (claimed !== 'OK' || attempt.browser !== browserOf(request)) throw new Error('bad state');
  await spend(website, code);
  const access = await ask(
    `/sns/oauth2/access_token?appid=${website.appId}&secret=${website.secret}&code=${encodeURIComponent(code)}&grant_type=authorization_code`,
  );
  if (!WECHAT_ID.test(access.openid)) throw new Error('bad answer');
  const login = await returning(website.appId, access);
  const loginCode = secret();
  const location = new URL(attempt.returnTo);
  location.searchParams.set('loginCode', loginCode);
  const pending = JSON.stringify({
    identityId: login.identity_id,
    refreshToken: seal(access.refresh_token, `wechat_identities.refresh_token:${login.identity_id}`),
    browser: attempt.browser,
    ip: request.ip,
    userAgent: request.headers['user-agent'] ?? null,
  });
  await redis
    .pipeline()
    .set(`login-code:${fingerprint(loginCode)}`, pending, 'PX', LOGIN_CODE_MS)
    .set(`outcome:${key}`, location.href, 'PX', LOGIN_CODE_MS)
    .set(`landed:${key}`, '1', 'PX', STATE_MS)
    .exec();
  return answered(request, reply).redirect(location.href, 302);
});

server.post('/v1/web-qr-login/token', { schema: body({ loginCode: text(128) }) }, async (request, reply) => {
  const pending = JSON.parse(await redis.getdel(`login-code:${fingerprint(request.body.loginCode)}`));
  if (pending?.browser !== browserOf(request)) throw new Error('bad loginCode');
  const [[login]] = await database.execute(`${SELECT_IDENTITY} WHERE i.id = ?`, [pending.identityId]);
  const now = Date.now();
  const session = newSession(now);
  await database.query(REDEEM, [
    pending.refreshToken,
    login.identity_id,
    ...openSession(login, session, now, request.id, pending.ip, pending.userAgent),
  ]);
  return answered(request, reply, tokens(login, session, now, true));
});

server.post('/v1/auth/refresh', { schema: body({ refreshToken: text(256) }) }, async (request, reply) => {
  const [, id, generation, mac] = REFRESH_TOKEN.exec(request.body.refreshToken);
  const expected = createHmac('sha256', refreshKey).update(`${id}.${generation}`).digest();
  if (!timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) throw new Error('bad token');
  const now = Date.now();
  const at = sqlTime(now);
  const idleSince = sqlTime(now - IDLE_S * 1000);
  const [[{ affectedRows }, [found]]] = await database.query(ROTATE, [at, at, id, generation, idleSince, id]);
  if (affectedRows !== 1 || found.status !== 'active') throw new Error('not the current token');
  const session = { id, generation: found.generation, expiresAt: Date.parse(`${found.expires_at}Z`) };
  return answered(request, reply, tokens(found, session, now, false));
});

server.get('/v1/auth/verify', async (request, reply) => {
  const token = request.headers.authorization.slice(7);
  let claims = trusted.get(token);
  if (claims === undefined) trusted.set(token, (claims = claimsOf(token)));
  if (claims.exp * 1000 <= Date.now()) throw new Error('bad token');
  const known = verified.get(claims.sid);
  const readAt = Date.now();
  const found = known && readAt - known.readAt < SESSION_FRESH_MS ? known.found : await alive(claims.sid);
  if (found !== known?.found) verified.set(claims.sid, { found, readAt });
  return answered(
    request,
    reply.header('X-Auth-User-Id', found.user_id).header('X-Auth-Session-Id', found.session_id),
    '',
  );
});

await server.listen({ port: Number(env.PORT), host: '127.0.0.1' });
ready();

/** Verifies the signature and what does not change with time. */
function claimsOf(token) {
  const [header, payload, signature] = token.split('.');
  const key = { key: signing.publicKey, dsaEncoding: 'ieee-p1363' };
  if (
    header !== jwtHeader ||
    !verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))
  )
    throw new Error('bad token');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  if (claims.iss !== PUBLIC_URL || claims.aud !== PUBLIC_URL) throw new Error('bad token');
  return claims;
}

/** Marks a code as sent to WeChat. */
async function spend({ appId }, code) {
  const marked = await redis.set(`spent-code:${fingerprint(`${appId}:${code}`)}`, '1', 'PX', SPENT_MS, 'NX');
  if (marked !== 'OK') throw new Error('code used');
}

async function ask(path) {
  const { statusCode, body: stream } = await wechat.request({ path, method: 'GET', headersTimeout: 4_500 });
  const reply = JSON.parse(await stream.text());
  if (statusCode !== 200 || reply.errcode) throw new Error('WeChat refused');
  return reply;
}

async function returning(appId, { openid, unionid }) {
  const [[row]] = await database.execute(`${SELECT_IDENTITY} WHERE i.app_id = ? AND i.open_id = ?`, [
    appId,
    openid,
  ]);
  if (row.union_id !== unionid || row.status !== 'active') throw new Error('not a returning person');
  return row;
}

async function alive(sessionId) {
  const [[found]] = await database.execute(SELECT_SESSION, [sessionId]);
  const idleUntil = Date.parse(`${found.last_used_at}Z`) + IDLE_S * 1000;
  if (found.revoked_at !== null || found.status !== 'active' || Date.now() > idleUntil)
    throw new Error('ended');
  return found;
}

function newSession(now) {
  return { id: uuidv7(now), generation: 1, expiresAt: now + SESSION_MS };
}

/** Parameters of OPEN_SESSION. */
function openSession(login, session, now, requestId, ip, userAgent) {
  const at = sqlTime(now);
  const details = JSON.stringify({ appId: login.app_id, channel: login.app_kind, sessionId: session.id });
  return [
    ...[at, login.identity_id, at, login.user_id],
    ...[session.id, login.identity_id, userAgent, ip, at, at, sqlTime(session.expiresAt)],
    ...[uuidv7(now), login.user_id, ip, requestId, details, at],
  ];
}

function tokens(row, session, now, withUser) {
  const iat = Math.floor(now / 1000);
  const claims = {
    ...{ iss: PUBLIC_URL, aud: PUBLIC_URL, sub: row.user_id, sid: session.id, appId: row.app_id },
    ...{ iat, exp: iat + ACCESS_TOKEN_S, jti: randomUUID() },
  };
  const unsigned = `${jwtHeader}.${base64url(claims)}`;
  const key = { key: signing.privateKey, dsaEncoding: 'ieee-p1363' };
  const refresh = `${session.id}.${session.generation}`;
  return {
    tokenType: 'Bearer',
    accessToken: `${unsigned}.${sign('sha256', Buffer.from(unsigned), key).toString('base64url')}`,
    expiresIn: ACCESS_TOKEN_S,
    refreshToken: `${refresh}.${createHmac('sha256', refreshKey).update(refresh).digest('base64url')}`,
    refreshExpiresIn: IDLE_S,
    identity: { appId: row.app_id, openId: row.open_id, unionId: row.union_id },
    isNewUser: false,
    ...(withUser ? { user: userReply(row, now) } : {}),
  };
}

function userReply(row, now) {
  return {
    id: row.user_id,
    nickname: row.nickname,
    avatarUrl: row.avatar_key === null ? null : `${PUBLIC_URL}/avatars/${row.avatar_key}`,
    phoneNumber: row.phone_number,
    createdAt: `${row.user_created_at.replace(' ', 'T')}Z`,
    lastLoginAt: new Date(now).toISOString(),
  };
}

function answered(request, reply, payload) {
  reply.header('X-Request-Id', request.id).header('Cache-Control', 'no-store');
  return payload === undefined ? reply : reply.send(payload);
}

function browserOf(request) {
  return fingerprint(COOKIE.exec(request.headers.cookie ?? '')?.[1] ?? '');
}

function seal(plaintext, context) {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealKey, iv).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([iv, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${keyId}.${sealed.toString('base64url')}`;
}

function open(value, context) {
  const bytes = Buffer.from(value.split('.')[2], 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, 12))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
}

function derive(label, bytes) {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `wechat-auth/${label}/v1`, bytes));
}

function app(setting) {
  const [appId, secretOfApp] = setting.split(':');
  return { appId, secret: secretOfApp };
}

function uuidv7(now) {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

function sqlTime(ms) {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
}

function secret() {
  return randomBytes(32).toString('hex');
}

function fingerprint(value) {
  return createHash('sha256').update(value).digest('base64url');
}

function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
