import type { World } from '../state/world.js';

/** A server refused a call of the mini program, or gave no usable reply. */
export class ServiceRefusal extends Error {
  constructor(
    /** The status of the server, or 502 without a usable reply. */
    readonly statusCode: number,
    /** The `code` of its problem+json; SERVICE_UNREACHABLE, SERVICE_ANSWER and the same of SHOP are the sandbox's. */
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** A call as wx.request makes it. */
export interface ServiceCall {
  /** Default: POST. */
  method?: 'GET' | 'POST';
  appId: string;
  token?: string;
  json?: Readonly<Record<string, unknown>>;
}

const DEADLINE_MS = 10_000;

/** A server that the mini program calls. */
interface Called {
  url: string;
  /** The word for it in codes and texts. */
  word: 'service' | 'shop';
}

/**
 * Calls the service as wx.request does: with the Referer of mini programs, and without CORS. Returns the JSON of a
 * 2xx reply. @throws ServiceRefusal for anything else, after 10 s at the latest
 */
export function callService(world: World, path: string, call: ServiceCall): Promise<Record<string, unknown>> {
  return callServer({ url: world.service.url, word: 'service' }, path, call);
}

/** Calls the shop in the same way; its refusals need no code. @throws ServiceRefusal */
export function callShop(world: World, path: string, call: ServiceCall): Promise<Record<string, unknown>> {
  return callServer({ url: world.shopUrl, word: 'shop' }, path, call);
}

async function callServer(
  called: Called,
  path: string,
  { method = 'POST', appId, token, json }: ServiceCall,
): Promise<Record<string, unknown>> {
  const response = await answerOf(called, path, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(DEADLINE_MS),
    headers: {
      'user-agent': MINI_PROGRAM_AGENT,
      referer: `https://servicewechat.com/${appId}/devtools/page-frame.html`,
      ...(json && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(json && { body: JSON.stringify(json) }),
  });
  const body = objectOf(response.text);
  if (response.status >= 200 && response.status < 300 && body) return body;
  throw refusalOf(called, response.status, body);
}

const MINI_PROGRAM_AGENT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 ' +
  'MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/zh_CN MiniProgramEnv/iOS';

async function answerOf(
  { url, word }: Called,
  path: string,
  init: RequestInit,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(`${url}${path}`, init);
    return { status: response.status, text: await response.text() };
  } catch {
    throw new ServiceRefusal(
      502,
      `${word.toUpperCase()}_UNREACHABLE`,
      `The ${word} does not answer at ${new URL(url).origin}.`,
    );
  }
}

function refusalOf({ word }: Called, status: number, body: Record<string, unknown> | null): ServiceRefusal {
  const { code, detail } = body ?? {};
  if (status < 400 || typeof code !== 'string') {
    const isRefusal = word === 'shop' && status >= 400;
    return new ServiceRefusal(
      isRefusal ? status : 502,
      `${word.toUpperCase()}_ANSWER`,
      `The ${word} answered ${status}, and not as documented.`,
    );
  }
  return new ServiceRefusal(status, code, typeof detail === 'string' ? detail : code);
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Reads the text members of an unknown value. */
export function textsIn(value: unknown): (name: string) => string | null {
  const members = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return (name) => (typeof members[name] === 'string' ? members[name] : null);
}
