import type { Person } from '../state/people.js';
import type { QrState } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import type { WxaCode } from '../state/wxacodes.js';
import { callService, ServiceRefusal } from './service-call.js';
import { wxLogin } from './wx-login.js';

/*
 * The sample mini program that a scanned code opens. It logs its user in and asks before it confirms, with
 * nothing but what a real one has: wx.login, wx.request, and the scene that its page was opened with, which
 * is the ticket of the scan. All of it throws ServiceRefusal.
 */

/** Which site asks for the login, as the service tells it; a service may not. */
export interface AskingSite {
  host: string | null;
  name: string | null;
}

/** What asks for the login, as the service tells it. */
export interface AskingDevice {
  browser: string | null;
  os: string | null;
  ip: string | null;
  /** ISO 8601. */
  requestedAt: string | null;
}

/** Its page is opened by a scan: who asks? */
export async function openScan(
  world: World,
  code: WxaCode,
  person: Person,
): Promise<{ site: AskingSite; device: AskingDevice }> {
  const { site, device } = await step(world, code, person, '');
  const text = textsIn(site);
  return { site: { host: text('host'), name: text('name') }, device: deviceOf(device) };
}

/** The person taps confirm: a fresh wx.login proves that it is still them. */
export async function confirmScan(world: World, code: WxaCode, person: Person): Promise<void> {
  await step(world, code, person, '/confirm', () => ({ code: wxLogin(world, person, code.appId) }));
}

/** The person taps cancel. */
export async function denyScan(world: World, code: WxaCode, person: Person): Promise<void> {
  await step(world, code, person, '/deny');
}

/** One call on the scan; what the service says of its state is kept with the code. */
async function step(
  world: World,
  code: WxaCode,
  person: Person,
  action: '' | '/confirm' | '/deny',
  bodyOf?: () => Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { appId } = code;
  const path = `/v1/mini-program/scans/${encodeURIComponent(code.scene)}${action}`;
  try {
    const reply = await withToken(world, person, appId, (token) =>
      callService(world, path, { appId, token, ...(bodyOf && { json: bodyOf() }) }),
    );
    code.state = stateOf(reply.status);
    return reply;
  } catch (error) {
    if (error instanceof ServiceRefusal && error.code === 'SCAN_UNKNOWN') code.state = 'expired';
    throw error;
  }
}

/** Calls with the token in storage; where there is none, or it is good no longer, logs in first. */
async function withToken<Reply>(
  world: World,
  person: Person,
  appId: string,
  call: (token: string) => Promise<Reply>,
): Promise<Reply> {
  const stored = world.wxStorage.token(person.id, appId);
  if (stored !== undefined) {
    try {
      return await call(stored);
    } catch (error) {
      if (!(error instanceof ServiceRefusal && error.statusCode === 401)) throw error;
    }
  }
  return call(await logIn(world, person, appId));
}

async function logIn(world: World, person: Person, appId: string): Promise<string> {
  const { accessToken } = await callService(world, '/v1/mini-program/login', {
    appId,
    json: { code: wxLogin(world, person, appId), appId },
  });
  if (typeof accessToken !== 'string') {
    throw new ServiceRefusal(502, 'SERVICE_ANSWER', 'The service answered a login without an access token.');
  }
  world.wxStorage.keep(person.id, appId, accessToken);
  return accessToken;
}

const STATES: readonly QrState[] = ['pending', 'scanned', 'confirmed', 'denied', 'expired'];

/** A status that the sandbox does not know, such as a later one, leaves nothing to do. */
function stateOf(status: unknown): QrState {
  return STATES.find((state) => state === status) ?? 'expired';
}

function deviceOf(value: unknown): AskingDevice {
  const text = textsIn(value);
  return {
    browser: text('browser'),
    os: text('os'),
    ip: text('ip'),
    requestedAt: text('requestedAt'),
  };
}

/** Reads members that are text, of what may be anything. */
function textsIn(value: unknown): (name: string) => string | null {
  const members = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return (name) => (typeof members[name] === 'string' ? members[name] : null);
}
