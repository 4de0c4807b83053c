// Generates sdk/shared/api.ts, the types of the client packages, from docs/openapi.json: the schemas that the packages
// use, with all schemas that these refer to. `--write` writes the file; without it a difference fails.
import { readFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { writeOrCompare } from './generated.mjs';

const OUTPUT = 'sdk/shared/api.ts';
/** The exported name of each schema. */
const TYPES = {
  ErrorCode: 'ErrorCode',
  Problem: 'ProblemReply',
  TokenReply: 'TokenReply',
  RefreshReply: 'RefreshReply',
  User: 'UserReply',
  LoginIdentity: 'LoginIdentityReply',
  Identity: 'IdentityReply',
  Session: 'SessionReply',
  PhoneNumber: 'PhoneNumberReply',
  Scan: 'ScanReply',
  ScanStatus: 'ScanStatusReply',
  WebViewTicket: 'WebViewTicketReply',
  Attempt: 'AttemptReply',
  AttemptStatus: 'AttemptStatusReply',
  Introspection: 'IntrospectionReply',
  AppAccessToken: 'AppAccessTokenReply',
};

const { schemas } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')).components;
const used = new Set();

/** Adds a schema and all schemas that it refers to. */
function use(name) {
  if (used.has(name)) return;
  if (!schemas[name]) throw new Error(`docs/openapi.json has no schema ${name}`);
  used.add(name);
  const references = JSON.stringify(schemas[name]).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  for (const [, reference] of references) use(reference);
}

for (const name of Object.values(TYPES)) use(name);
const selected = Object.fromEntries([...used].sort().map((name) => [name, schemas[name]]));
const document = {
  openapi: '3.0.0',
  info: { title: '', version: '' },
  paths: {},
  components: { schemas: selected },
};
const code = astToString(await openapi(document, { alphabetize: false }));
// Everything but the schemas is empty.
const [schemaTypes] = /(?<=export interface components )\{[\s\S]*?^\}/m.exec(code) ?? [];
if (schemaTypes === undefined) throw new Error('openapi-typescript has printed no components');

const text = `// Generated from docs/openapi.json by scripts/sdk-types.mjs. Do not edit.

interface components ${schemaTypes}

type Schemas = components['schemas'];
${Object.entries(TYPES)
  .map(([type, schema]) => `export type ${type} = Schemas['${schema}'];`)
  .join('\n')}
`;
const formatted = await format(text, { ...(await resolveConfig(OUTPUT)), parser: 'typescript' });
await writeOrCompare(OUTPUT, formatted, 'npm run sdk-types');
