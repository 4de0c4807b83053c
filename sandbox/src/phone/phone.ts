import { readdirSync, readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { COLOURS, FACES, type Face } from '../state/people.js';
import type { World } from '../state/world.js';
import { drawAvatar } from '../web/faces.js';
import { languageOf } from '../web/language.js';
import { loadPage, sendPage } from '../web/page.js';
import { queryOf } from '../web/request.js';

const PAGE = loadPage('phone', import.meta.url, {
  styles: [
    'desk',
    'desk-people',
    'desk-code',
    'device',
    'device-login',
    'device-mini',
    'device-pay',
    'device-web',
  ],
  module: '/phone/assets/main.client.js',
});
const ASSETS = new Map(readdirSync(new URL('./assets/', import.meta.url)).map((file) => [file, asset(file)]));

/**
 * The virtual phone: a page on which a developer plays the person with WeChat. It works through the
 * control API alone.
 *
 * - `GET /phone?uuid=&wxacode=&open=&person=&lang=zh|en`: the page; with a uuid that QR code is scanned at once, with
 *   wxacode that mini program's code; at wechat.localhost `open` is the page of the service that WeChat opens
 * - `GET /phone/assets/:file`: its scripts and icon
 * - `GET /phone/faces/:face/:colour`: an avatar as SVG, the colour as six hex digits
 * - `GET /` leads there
 */
export function registerPhone(server: FastifyInstance, world: World): void {
  server.get('/', (_request, reply) => reply.redirect('/phone'));

  server.get('/phone', (request, reply) => {
    const language = languageOf(queryOf(request), request.headers['accept-language']);
    return sendPage(reply, PAGE, {
      texts: { language: language === 'zh' ? 'zh-CN' : 'en', title: 'WeChat sandbox' },
      frames: true,
      data: { serviceUrl: world.service.publicUrl, shopUrl: world.shopUrl, faces: FACES, colours: COLOURS },
    });
  });

  server.get<{ Params: { file: string } }>('/phone/assets/:file', (request, reply) => {
    const found = ASSETS.get(request.params.file);
    if (found) return reply.header('content-type', `${found.type}; charset=utf-8`).send(found.content);
    reply.callNotFound();
    return reply;
  });

  server.get<{ Params: { face: string; colour: string } }>('/phone/faces/:face/:colour', (request, reply) => {
    const { face, colour } = request.params;
    if (!FACES.includes(face as Face) || !/^[0-9a-f]{6}$/i.test(colour)) {
      reply.callNotFound();
      return reply;
    }
    const svg = drawAvatar({ face: face as Face, colour: `#${colour}` }, 132);
    return reply.header('content-type', 'image/svg+xml').header('cache-control', 'max-age=86400').send(svg);
  });
}

function asset(file: string): { type: string; content: string } {
  return {
    type: file.endsWith('.svg') ? 'image/svg+xml' : 'text/javascript',
    content: readFileSync(new URL(`./assets/${file}`, import.meta.url), 'utf8'),
  };
}
