import type { FastifyInstance } from 'fastify';
import { cleanUrl } from '../state/service-address.js';
import type { World } from '../state/world.js';
import { ControlError, Fields } from './body.js';

/**
 * The address of the service, to which pushes, the sample mini program and the virtual WeChat go. It is on this
 * computer, or on the host that the sandbox was started with: nobody can make the sandbox call other servers.
 *
 * - `GET /control/service` -> `{ url, publicUrl }`
 * - `PUT /control/service` `{ url, publicUrl? }` -> the same; `publicUrl` is the service's PUBLIC_URL, if it
 *   differs from `url`
 */
export function registerService(server: FastifyInstance, world: World): void {
  const view = () => ({ url: world.service.url, publicUrl: world.service.publicUrl });

  server.get('/control/service', view);

  server.put('/control/service', (request) => {
    const fields = new Fields(request.body).only('url', 'publicUrl');
    const url = checked('url', fields.required('url'));
    if (!world.service.mayBeAt(url)) {
      throw new ControlError(400, '"url" must be on this computer, or at the host of SANDBOX_SERVICE_URL.');
    }
    world.service.move(url, checked('publicUrl', fields.text('publicUrl') ?? url));
    return view();
  });
}

function checked(name: string, text: string): string {
  const url = cleanUrl(text);
  if (url === null) throw new ControlError(400, `"${name}" must be an http or https URL.`);
  return url;
}
