import type { FastifyInstance } from 'fastify';
import { orderAtShop } from '../mini-program/shop.js';
import type { World } from '../state/world.js';
import { Fields } from './body.js';
import { appOf, personOf } from './lookup.js';

/**
 * `POST /control/shop-orders` `{ person, appId?, productId }` -> `{ signData, mode, paySig, signature }`: the person
 * orders in the sample mini program, which asks the shop (SANDBOX_SHOP_URL, and no other). What it answers is what
 * `POST /control/virtual-payments` takes. A refusal of the shop or the service keeps its status, as `{ error, code }`.
 */
export function registerShopOrders(server: FastifyInstance, world: World): void {
  server.post('/control/shop-orders', (request) => {
    const fields = new Fields(request.body).only('person', 'appId', 'productId');
    const person = personOf(world, fields.required('person'));
    const { appId } = appOf(world, fields.text('appId'), 'mini_program');
    return orderAtShop(world, person, appId, fields.required('productId'));
  });
}
