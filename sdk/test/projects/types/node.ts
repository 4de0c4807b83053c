import {
  AuthError,
  type Claims,
  createServiceClient,
  createVerifier,
  createWebLogin,
  introspect,
  openUserPayload,
  sealUserPayload,
  type UserPayloadKey,
  type Verifier,
  verifyPush,
  verifyWebhook,
} from '@wechat-auth/node';
import { wechatAuth as expressAuth } from '@wechat-auth/node/express';
import { wechatAuth as fastifyAuth } from '@wechat-auth/node/fastify';
import { type AuthState, wechatAuth as koaAuth } from '@wechat-auth/node/koa';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';

const issuer = 'https://auth.example.com';
const verifier: Verifier = createVerifier({ issuer, audience: issuer });

export async function ownerOf(token: string): Promise<string | undefined> {
  const { active, sub } = await introspect({ baseUrl: issuer, apiKey: 'key', token });
  const claims: Claims = await verifier.verify(token);
  return active ? (sub ?? claims.sub) : undefined;
}

export function receive(body: Buffer, headers: Record<string, string>): string {
  const event = verifyWebhook({ body, headers, secret: 'whsec_c2VjcmV0' });
  return event.type === 'user.merged' ? (event.data.mergedUserId ?? '') : event.data.userId;
}

export function answer(body: Buffer, headers: Headers, keys: readonly UserPayloadKey[]): string {
  const push = verifyPush({ body, headers, secret: 'whsec_c2VjcmV0' });
  return sealUserPayload(openUserPayload(push.message, keys), keys);
}

export async function logIn(session: object, url: string): Promise<string> {
  const { beginLogin, finishLogin } = createWebLogin({
    baseUrl: issuer,
    returnTo: 'https://shop.example.com/back',
  });
  await beginLogin(session, { next: '/cart' });
  const { user, next } = await finishLogin(session, url);
  return `${user.id} ${next}`;
}

export async function callWeChat(): Promise<string> {
  try {
    const service = createServiceClient({ baseUrl: issuer, apiKey: 'key' });
    return (await service.appAccessToken('wx5a4db0c0de000001')).accessToken;
  } catch (error) {
    return error instanceof AuthError && error.retryable ? error.advice.en : 'broken';
  }
}

export function servers(): unknown[] {
  const app = express();
  app.use(expressAuth({ verifier }));
  app.get('/me', (request, response) => void response.json(request.auth?.sub));
  const server = fastify();
  void server.register(fastifyAuth, { issuer, online: true });
  server.get('/me', async (request) => request.auth?.sub);
  const koa = new Koa<AuthState>();
  koa.use(koaAuth({ issuer, required: false }));
  koa.use((context) => void (context.body = context.state.auth?.sub ?? null));
  return [app, server, koa];
}

// @ts-expect-error: the issuer is missing
createVerifier({});
