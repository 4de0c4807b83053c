import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { World } from '../state/world.js';
import { rawJson } from '../web/raw-json.js';
import { originOf, queryOf, type WebOptions } from '../web/request.js';
import { noteErrcode, noteApp } from '../web/wechat-side.js';
import { stableToken, token } from './app-token.js';
import { checksession } from './checksession.js';
import { Picture, type Answer, type Endpoint } from './endpoint.js';
import { contentTypeOf, familyOf, Refusal, refused } from './errors.js';
import { getticket } from './getticket.js';
import { getuserencryptkey } from './getuserencryptkey.js';
import { getuserphonenumber } from './getuserphonenumber.js';
import { getwxacodeunlimit } from './getwxacodeunlimit.js';
import { jscode2session } from './jscode2session.js';
import { oauth2AccessToken, oauth2RefreshToken } from './oauth2.js';
import { resetusersessionkey } from './resetusersessionkey.js';
import { snsAuth, snsUserinfo } from './userinfo.js';
import { currencyPay } from './xpay/currency-pay.js';
import { notifyProvideGoods } from './xpay/notify-provide-goods.js';
import { queryOrder } from './xpay/query-order.js';
import { queryUserBalance } from './xpay/query-user-balance.js';
import { refundOrder } from './xpay/refund-order.js';

/** The endpoints of api.weixin.qq.com that the sandbox has. A new endpoint is a file, and a line here. */
const ENDPOINTS: readonly Endpoint[] = [
  jscode2session,
  oauth2AccessToken,
  oauth2RefreshToken,
  snsAuth,
  snsUserinfo,
  token,
  stableToken,
  getticket,
  checksession,
  resetusersessionkey,
  getuserphonenumber,
  getuserencryptkey,
  getwxacodeunlimit,
  queryUserBalance,
  currencyPay,
  queryOrder,
  notifyProvideGoods,
  refundOrder,
];

/** Registers the API endpoints: HTTP status 200 whatever happens, headers and errmsg of section 0. */
export function registerApi(server: FastifyInstance, world: World, options: WebOptions): void {
  for (const endpoint of ENDPOINTS) {
    server.route({
      method: ['GET', 'POST'],
      url: endpoint.path,
      handler: async (request, reply) => {
        const answer = await answerOf(endpoint, request, world, options);
        const errcode = answer instanceof Picture ? 0 : answer.errcode;
        noteErrcode(request, typeof errcode === 'number' ? errcode : 0);
        return send(reply, endpoint.path, answer);
      },
    });
  }
}

function send(reply: FastifyReply, path: string, answer: Answer): FastifyReply {
  if (answer instanceof Picture) return reply.header('content-type', answer.contentType).send(answer.bytes);
  // A buffer: Fastify adds a charset to the Content-Type of a string, and WeChat sends none.
  return reply.header('content-type', contentTypeOf(familyOf(path))).send(Buffer.from(rawJson(answer)));
}

async function answerOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  world: World,
  options: WebOptions,
): Promise<Answer> {
  try {
    const query = parametersOf(endpoint, request);
    if (query.appid !== undefined) noteApp(request, query.appid);
    return await endpoint.answer(
      {
        query,
        body: () => jsonObject(textOf(request.body)),
        bytes: () => (Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)),
        origin: originOf(request, options),
        madeBy: (appId) => noteApp(request, appId),
      },
      world,
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refused(error, familyOf(endpoint.path), world.clock.now());
  }
}

/**
 * The parameters of a call. `/sns/*` and `/cgi-bin/token` also take a form by POST, as widely used clients send it
 * (section 0).
 */
function parametersOf({ method, path }: Endpoint, request: FastifyRequest): Record<string, string> {
  const query = queryOf(request);
  if (method === 'either' || request.method === method) return query;
  const takesForm = path.startsWith('/sns/') || path === '/cgi-bin/token';
  if (!takesForm) throw new Refusal(method === 'GET' ? 43001 : 43002);
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
  const form = isForm ? new URLSearchParams(textOf(request.body)) : [];
  return { ...query, ...Object.fromEntries(form) };
}

function textOf(body: unknown): string {
  return Buffer.isBuffer(body) ? body.toString('utf8') : '';
}

function jsonObject(text: string): Record<string, unknown> {
  if (text === '') throw new Refusal(44002);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // A body that is not JSON gets the same reply as JSON of the wrong type.
  }
  throw new Refusal(47001);
}
