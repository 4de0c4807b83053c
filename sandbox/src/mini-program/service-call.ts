import type { World } from '../state/world.js';

/** The service refused a call of the mini program, or gave no usable reply. */
export class ServiceRefusal extends Error {
  constructor(
    /** The status of the service, or 502 without a usable reply. */
    readonly statusCode: number,
    /** The `code` of its problem+json; SERVICE_UNREACHABLE and SERVICE_ANSWER are the sandbox's. */
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

/**
 * Calls the service as wx.request does: with the Referer of mini programs, and without CORS. Returns the JSON of a
 * 2xx reply. @throws ServiceRefusal for anything else, after 10 s at the latest
 */
export async function callService(
  world: World,
  path: string,
  { method = 'POST', appId, token, json }: ServiceCall,
): Promise<Record<string, unknown>> {
  const response = await answerOf(`${world.service.url}${path}`, {
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
  throw refusalOf(response.status, body);
}

const MINI_PROGRAM_AGENT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 ' +
  'MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/zh_CN MiniProgramEnv/iOS';

async function answerOf(url: string, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  } catch {
    throw new ServiceRefusal(
      502,
      'SERVICE_UNREACHABLE',
      `The service does not answer at ${new URL(url).origin}.`,
    );
  }
}

function refusalOf(status: number, body: Record<string, unknown> | null): ServiceRefusal {
  const { code, detail } = body ?? {};
  if (status < 400 || typeof code !== 'string') {
    return new ServiceRefusal(
      502,
      'SERVICE_ANSWER',
      `The service answered ${status}, and not as documented.`,
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
