import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { allowPartner, askWhoAsks } from '../mini-program/partner.js';
import type { Opening, PartnerRequest } from '../state/openings.js';
import type { World } from '../state/world.js';
import { ControlError, Fields } from './body.js';
import { appOf, personOf } from './lookup.js';

/** Scenes of a mini program that another one opens, and of one that another one returns to. */
const OPENED_BY_MINI_PROGRAM = 1037;
const RETURNED_FROM_MINI_PROGRAM = 1038;

/** The AppID of the partner's mini program that the phone plays. Nobody logs in there: it is not one of `/control/apps`. */
const PARTNER_APP_ID = 'wx5a4db0c0de0000aa';

type Answer = FastifyRequest<{ Params: { id: string } }>;

/**
 * The mini program of a partner opens the sample mini program, and gets a code back.
 *
 * - `POST /control/mini-program-openings` `{ person, fromAppId?, appId?, extraData: { clientId, scope? ('openid profile'),
 *   codeChallenge?, nonce? } }` -> 201 Opening with `asks: { partner: { id, name, logoUrl }, scopes, granted }`, as the
 *   service describes it; and `codeVerifier`, where no codeChallenge was given and the sandbox made one
 * - `POST /control/mini-program-openings/:id/allow`, `…/deny` -> Opening; after `allow` with `expiresAt` of the code
 *
 * Opening: `{ id, person, appId, appName, state: opened|allowed|denied, scene, referrerInfo: { appId, extraData },
 * createdAt (ISO 8601) }`. Scene and referrerInfo are those of the mini program that is opened: 1037 for the sample
 * mini program, then 1038 for the partner's, with extraData `{ code }` or `{ error: 'access_denied' }`. It is answered once; later
 * answers are 409. A refusal of the service keeps its status, as `{ error, code }`, and the person may answer again.
 */
export function registerOpenings(server: FastifyInstance, world: World): void {
  const view = (opening: Opening, appId: string, extraData: object) => ({
    id: opening.id,
    person: opening.personId,
    appId: opening.appId,
    appName: world.apps.find(opening.appId)?.name ?? opening.appId,
    state: opening.progress,
    scene: opening.progress === 'opened' ? OPENED_BY_MINI_PROGRAM : RETURNED_FROM_MINI_PROGRAM,
    referrerInfo: { appId, extraData },
    createdAt: new Date(opening.createdAt).toISOString(),
  });

  server.post('/control/mini-program-openings', async (request, reply) => {
    const fields = new Fields(request.body).only('person', 'fromAppId', 'appId', 'extraData');
    const person = personOf(world, fields.required('person'));
    const { appId } = appOf(world, fields.text('appId'), 'mini_program');
    const { asked, codeVerifier } = requestOf(fields.fields('extraData') ?? new Fields({}));
    const opened = {
      appId,
      partnerAppId: fields.text('fromAppId', 64) ?? PARTNER_APP_ID,
      personId: person.id,
      request: asked,
    };
    const asks = await askWhoAsks(world, person, opened);
    const opening = world.openings.add(opened);
    return reply.code(201).send({
      asks,
      ...view(opening, opening.partnerAppId, opening.request),
      ...(codeVerifier !== undefined && { codeVerifier }),
    });
  });

  server.post('/control/mini-program-openings/:id/allow', async (request: Answer) => {
    const opening = openOf(world, request);
    opening.progress = 'answering';
    try {
      const { code, expiresAt } = await allowPartner(world, personOf(world, opening.personId), opening);
      opening.progress = 'allowed';
      return { ...view(opening, opening.appId, { code }), expiresAt };
    } catch (error) {
      opening.progress = 'opened';
      throw error;
    }
  });

  server.post('/control/mini-program-openings/:id/deny', (request: Answer) => {
    const opening = openOf(world, request);
    opening.progress = 'denied';
    return view(opening, opening.appId, { error: 'access_denied' });
  });
}

/** What the partner hands over. Without a challenge the sandbox plays the partner's server as well, and makes one. */
function requestOf(fields: Fields): { asked: PartnerRequest; codeVerifier?: string } {
  fields.only('clientId', 'scope', 'codeChallenge', 'nonce');
  const nonce = fields.text('nonce');
  const asked = {
    clientId: fields.required('clientId'),
    scope: fields.text('scope') ?? 'openid profile',
    ...(nonce !== undefined && { nonce }),
  };
  const codeChallenge = fields.text('codeChallenge');
  if (codeChallenge !== undefined) return { asked: { ...asked, codeChallenge } };
  const codeVerifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
  return { asked: { ...asked, codeChallenge: challenge }, codeVerifier };
}

/** The opening, if it waits for an answer; else 404 or 409. */
function openOf(world: World, { params: { id } }: Answer): Opening {
  const opening = world.openings.find(id);
  if (!opening) throw new ControlError(404, `No mini program was opened as "${id}".`);
  if (opening.progress !== 'opened') throw new ControlError(409, 'This was answered already.');
  return opening;
}
