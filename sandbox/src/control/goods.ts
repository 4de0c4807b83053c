import type { FastifyInstance } from 'fastify';
import type { World } from '../state/world.js';
import { queryOf } from '../web/request.js';
import { ControlError, Fields } from './body.js';
import { appOf, personOf } from './lookup.js';

const LONGEST_ID = 64;

/**
 * What the mini programs sell, and the tokens of a person (section 13).
 *
 * - `GET /control/goods` -> `{ goods: [Good] }`; Good: `{ productId, name, price }`, fen
 * - `PUT /control/goods/:productId` `{ name, price }` -> Good: publishes it; `DELETE` -> 204 withdraws it
 * - `POST /control/coins` `{ person, appId?, env? (0), saved?, present? }` -> `{ saved, present }`: adds tokens that the
 *   person bought, and tokens that were given; `GET /control/coins?person=&appId=&env=` -> the same
 */
export function registerGoods(server: FastifyInstance, world: World): void {
  server.get('/control/goods', () => ({ goods: world.goods.all() }));

  server.put<{ Params: { productId: string } }>('/control/goods/:productId', (request) => {
    const fields = new Fields(request.body).only('name', 'price');
    const { productId } = request.params;
    if (productId.length > LONGEST_ID) throw new ControlError(400, '"productId" is too long.');
    const price = fields.integer('price', 1);
    if (price === undefined) throw new ControlError(400, '"price" is missing.');
    const good = { productId, name: fields.required('name'), price };
    world.goods.publish(good);
    return good;
  });

  server.delete<{ Params: { productId: string } }>('/control/goods/:productId', (request, reply) => {
    world.goods.withdraw(request.params.productId);
    return reply.code(204).send();
  });

  const balanceOf = (fields: Fields, env: number) => {
    const person = personOf(world, fields.required('person'));
    const { appId } = appOf(world, fields.text('appId'), 'mini_program');
    if (env !== 0 && env !== 1) throw new ControlError(400, '"env" must be 0 or 1.');
    return world.balances.of(appId, env, person.id);
  };

  server.get('/control/coins', (request) => {
    const query = queryOf(request);
    const { saved, present } = balanceOf(new Fields(query), Number(query.env ?? 0));
    return { saved, present };
  });

  server.post('/control/coins', (request) => {
    const fields = new Fields(request.body).only('person', 'appId', 'env', 'saved', 'present');
    const balance = balanceOf(fields, fields.number('env') ?? 0);
    world.balances.save(balance, fields.integer('saved', 0) ?? 0);
    world.balances.present(balance, fields.integer('present', 0) ?? 0);
    return { saved: balance.saved, present: balance.present };
  });
}
