import type { Opening, PartnerRequest } from '../state/openings.js';
import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';
import { callService, ServiceRefusal, textsIn } from './service-call.js';
import { withSession } from './session.js';
import { wxLogin } from './wx-login.js';

/*
 * The sample mini program, opened by the mini program of a partner. It shows who asks, and hands a code back after the
 * consent. All functions throw ServiceRefusal.
 */

/** Who asks, and for what, as the service describes it. */
export interface AskingPartner {
  partner: { id: string | null; name: string | null; logoUrl: string | null };
  scopes: string[];
  /** Whether the person granted all of it before. */
  granted: boolean;
}

/** A code for the partner's server, and when it expires (ISO 8601). */
export interface PartnerCode {
  code: string;
  expiresAt: string | null;
}

const PATH = '/v1/mini-program/partner-authorizations';

/** The sample mini program was opened: asks the service who asks. */
export async function askWhoAsks(
  world: World,
  person: Person,
  { appId, partnerAppId, request }: Pick<Opening, 'appId' | 'partnerAppId' | 'request'>,
): Promise<AskingPartner> {
  const { clientId, scope } = request;
  const query = new URLSearchParams({ clientId, partnerAppId, scope });
  const reply = await withSession(world, person, appId, (token) =>
    callService(world, `${PATH}?${query.toString()}`, { method: 'GET', appId, token }),
  );
  const text = textsIn(reply.partner);
  return {
    partner: { id: text('id'), name: text('name'), logoUrl: text('logoUrl') },
    scopes: Array.isArray(reply.scopes) ? reply.scopes.filter((each) => typeof each === 'string') : [],
    granted: reply.granted === true,
  };
}

/** The person allows it. The code of a new wx.login proves that they are present. */
export async function allowPartner(world: World, person: Person, opening: Opening): Promise<PartnerCode> {
  const { appId, partnerAppId, request } = opening;
  const reply = await withSession(world, person, appId, (token) =>
    callService(world, PATH, {
      appId,
      token,
      json: { ...bodyOf(request), partnerAppId, code: wxLogin(world, person, appId) },
    }),
  );
  const text = textsIn(reply);
  const code = text('code');
  if (code === null) {
    throw new ServiceRefusal(502, 'SERVICE_ANSWER', 'The service answered a consent without a code.');
  }
  return { code, expiresAt: text('expiresAt') };
}

function bodyOf({ clientId, scope, codeChallenge, nonce }: PartnerRequest): Record<string, string> {
  return { clientId, scope, codeChallenge, ...(nonce !== undefined && { nonce }) };
}
