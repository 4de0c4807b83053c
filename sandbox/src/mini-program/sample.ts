import type { Person } from '../state/people.js';
import type { QrState } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import type { WxaCode } from '../state/wxacodes.js';
import { callService, ServiceRefusal, textsIn } from './service-call.js';
import { withSession } from './session.js';
import { wxLogin } from './wx-login.js';

/*
 * The sample mini program, opened by a scanned code. It logs its user in and asks before it confirms, with
 * only what a real one has: wx.login, wx.request, and the scene with which its page was opened, which is the
 * ticket of the scan. All functions throw ServiceRefusal.
 */

/** The site that asks for the login, as the service names it; a service may leave it out. */
export interface AskingSite {
  host: string | null;
  name: string | null;
}

/** The device that asks for the login, as the service describes it. */
export interface AskingDevice {
  browser: string | null;
  os: string | null;
  ip: string | null;
  /** ISO 8601. */
  requestedAt: string | null;
}

/** A scan opens its page: asks the service who wants to log in. */
export async function openScan(
  world: World,
  code: WxaCode,
  person: Person,
): Promise<{ site: AskingSite; device: AskingDevice }> {
  const { site, device } = await step(world, code, person, '');
  const text = textsIn(site);
  return { site: { host: text('host'), name: text('name') }, device: deviceOf(device) };
}

/** The person taps confirm. The code of a new wx.login proves that it is the same person. */
export async function confirmScan(world: World, code: WxaCode, person: Person): Promise<void> {
  await step(world, code, person, '/confirm', () => ({ code: wxLogin(world, person, code.appId) }));
}

/** The person taps cancel. */
export async function denyScan(world: World, code: WxaCode, person: Person): Promise<void> {
  await step(world, code, person, '/deny');
}

/** One call about the scan. The state in the reply is kept with the code. */
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
    const reply = await withSession(world, person, appId, (token) =>
      callService(world, path, { appId, token, ...(bodyOf && { json: bodyOf() }) }),
    );
    code.state = stateOf(reply.status);
    return reply;
  } catch (error) {
    if (error instanceof ServiceRefusal && error.code === 'SCAN_UNKNOWN') code.state = 'expired';
    throw error;
  }
}

const STATES: readonly QrState[] = ['pending', 'scanned', 'confirmed', 'denied', 'expired'];

/** An unknown status, for example of a later version, means that nothing is left to do. */
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
