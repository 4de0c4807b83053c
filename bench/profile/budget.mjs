/**
 * Divides the time of a CPU profile among the steps of a request. A sample belongs to the step of its innermost frame
 * that has one: a system call that the database's driver makes is the database's.
 *
 *   node bench/profile/budget.mjs FILE.cpuprofile
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isWork, sourceOf } from './sources.mjs';

const REST = 'Node: event loop, sockets, promises';

/** A step, the sources that work for it, and the functions of the floor, which is one file. The first that fits counts. */
const STEPS = [
  {
    step: 'database: pool, driver, batch',
    sources: /node_modules\/(mysql2|typeorm|lru\.min|sql-escaper|sqlstring)\/|\/(src|dist)\/database\//,
  },
  {
    step: 'Redis',
    sources:
      /node_modules\/(ioredis|redis-parser|@ioredis\/commands|standard-as-callback)\/|\/(src|dist)\/ephemeral\//,
  },
  {
    step: 'call to WeChat',
    sources:
      /node_modules\/(undici|axios|@nestjs\/axios)\/|\/(src|dist)\/(wechat|outgoing)\/|^node:internal\/deps\/undici/,
    functions: /^ask$/,
  },
  {
    step: 'access and refresh tokens',
    sources:
      /node_modules\/(jsonwebtoken|jws|jwa|@nestjs\/jwt)\/|\/(src|dist)\/session\/(token\.service|signing-keys|refresh-token|keys\/)|\/(src|dist)\/crypto\/jwt/,
    functions: /^(tokens|claimsOf)$/,
  },
  {
    step: 'encryption, MACs, hashes, ids',
    sources: /node_modules\/(uuid)\/|\/(src|dist)\/crypto\//,
    functions: /^(seal|open|fingerprint|secret|uuidv7|derive)$/,
  },
  {
    step: 'log',
    sources:
      /node_modules\/(pino|sonic-boom|thread-stream|safe-stable-stringify)\/|\/(src|dist)\/ops\/(request-log|logger|log-stream)/,
  },
  { step: 'metrics', sources: /node_modules\/prom-client\/|\/(src|dist)\/ops\/prometheus-metrics/ },
  {
    step: 'parsing the body',
    sources:
      /node_modules\/(secure-json-parse)\/|fastify\/lib\/content-?type-?parser|\/(src|dist)\/http\/(body-parsers|json-depth|parameters)/i,
  },
  {
    step: 'validation',
    sources:
      /node_modules\/(class-validator|ajv)\/|fastify\/lib\/validation|\/(src|dist)\/http\/(flat-class|validation|request-pipe)/,
    functions: /^validate\d+$/,
  },
  {
    step: 'Nest: guards, pipes, Passport',
    sources: /node_modules\/(@nestjs|passport)[^/]*\/|\.guard\.(js|ts)$/,
  },
  {
    step: 'serialising and writing the reply',
    sources:
      /^node:_http_outgoing|^node:_http_server|fastify\/lib\/reply|node_modules\/fast-json-stringify\/|\/(src|dist)\/ops\/standing-fields/,
  },
  {
    step: 'reading the request, routing, hooks',
    sources:
      /^node:_http|node_modules\/(fastify|find-my-way|@fastify\/[^/]+)\/|\/(src|dist)\/(ops|http|rate-limit)\//,
  },
  {
    step: 'the login, session or check itself',
    sources: /\/(src|dist)\/|\/bench\/contestants\//,
  },
];

/** @returns step -> share of the time that is not idle; all steps, in their order */
export function budgetOf({ nodes, samples, timeDeltas }) {
  const parents = new Map();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const steps = new Map();
  const stepOf = (id) => {
    if (!steps.has(id)) {
      const parent = parents.get(id);
      steps.set(id, ownStep(byId.get(id).callFrame) ?? (parent === undefined ? REST : stepOf(parent)));
    }
    return steps.get(id);
  };
  const times = new Map([...STEPS.map(({ step }) => [step, 0]), ['garbage collection', 0], [REST, 0]]);
  let total = 0;
  samples.forEach((id, index) => {
    if (!isWork(byId.get(id).callFrame)) return;
    const step = stepOf(id);
    times.set(step, times.get(step) + timeDeltas[index]);
    total += timeDeltas[index];
  });
  return new Map([...times].map(([step, time]) => [step, time / total]));
}

function ownStep(frame) {
  if (frame.functionName === '(garbage collector)') return 'garbage collection';
  const source = sourceOf(frame);
  if (source === '' && !/^validate\d+$/.test(frame.functionName)) return null;
  return STEPS.find(
    ({ sources, functions }) => sources.test(source) || functions?.test(frame.functionName) === true,
  )?.step;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [step, share] of budgetOf(JSON.parse(readFileSync(process.argv[2], 'utf8'))))
    console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${step}`);
}
