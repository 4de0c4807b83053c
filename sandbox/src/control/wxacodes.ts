import type { FastifyInstance, FastifyRequest } from 'fastify';
import { confirmScan, denyScan, openScan } from '../mini-program/sample.js';
import type { World } from '../state/world.js';
import type { WxaCode } from '../state/wxacodes.js';
import { originOf, type WebOptions } from '../web/request.js';
import { linkOf } from '../wxacode/draw.js';
import { ControlError, Fields } from './body.js';
import { personOf } from './lookup.js';

interface Filter {
  appId?: string;
  scene?: string;
  limit?: string;
}

type Scan = FastifyRequest<{ Params: { id: string } }>;

/**
 * The mini-program codes that getwxacodeunlimit made (section 1.5), and what a person does with one in the sample
 * mini program that it opens.
 *
 * - `GET /control/wxacodes?appId=&scene=&limit=` -> `{ codes: WxaCode[] }`, newest first, of one app or scene or all
 * - `GET /control/wxacodes/:id` -> WxaCode
 * - `POST /control/wxacodes/:id/scan` `{ person }` -> WxaCode with `site: { host, name }` and `device: { browser, os, ip, requestedAt }`, each
 *   text or null: who asks for the login, as the service describes it
 * - `POST /control/wxacodes/:id/confirm`, `…/deny` `{ person }` -> WxaCode
 *
 * WxaCode: `{ id, appId, appName, scene, page ('' for the home page), envVersion, width, hyaline, link (what the
 * picture holds), state: pending|scanned|confirmed|denied|expired, createdAt (ISO 8601) }`. A refusal of
 * the service keeps its status, as `{ error, code }`; 502 with SERVICE_UNREACHABLE if it does not answer.
 */
export function registerWxaCodes(server: FastifyInstance, world: World, options: WebOptions): void {
  const view = (code: WxaCode, request: FastifyRequest) => ({
    id: code.id,
    appId: code.appId,
    appName: world.apps.find(code.appId)?.name ?? code.appId,
    scene: code.scene,
    page: code.page,
    envVersion: code.envVersion,
    width: code.width,
    hyaline: code.hyaline,
    link: linkOf(code, originOf(request, options)),
    state: code.state,
    createdAt: new Date(code.createdAt).toISOString(),
  });
  const codeOf = ({ params: { id } }: Scan) => {
    const code = world.wxaCodes.find(id);
    if (!code) throw new ControlError(404, `There is no mini-program code "${id}".`);
    return code;
  };
  const scannerOf = ({ body }: Scan) => personOf(world, new Fields(body).only('person').required('person'));

  server.get<{ Querystring: Filter }>('/control/wxacodes', (request) => {
    const { appId, scene, limit } = request.query;
    const codes = world.wxaCodes
      .all()
      .filter((code) => appId === undefined || code.appId === appId)
      .filter((code) => scene === undefined || code.scene === scene)
      .slice(0, limit === undefined ? undefined : Number(limit));
    return { codes: codes.map((code) => view(code, request)) };
  });

  server.get('/control/wxacodes/:id', (request: Scan) => view(codeOf(request), request));

  server.post('/control/wxacodes/:id/scan', async (request: Scan) => {
    const code = codeOf(request);
    const asking = await openScan(world, code, scannerOf(request));
    return { ...view(code, request), ...asking };
  });

  server.post('/control/wxacodes/:id/confirm', async (request: Scan) => {
    await confirmScan(world, codeOf(request), scannerOf(request));
    return view(codeOf(request), request);
  });

  server.post('/control/wxacodes/:id/deny', async (request: Scan) => {
    await denyScan(world, codeOf(request), scannerOf(request));
    return view(codeOf(request), request);
  });
}
