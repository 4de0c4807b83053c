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
  Ticket: 'AppTicketReply',
  Signature: 'SignatureReply',
  UserEncryptKey: 'UserEncryptKey',
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
const [components] = (await openapi(document, { alphabetize: false })).filter(isNamed('components'));
const [schemaTypes] = components?.members.filter(isNamed('schemas')) ?? [];
if (schemaTypes === undefined) throw new Error('openapi-typescript has printed no schemas');

/** @returns whether a declaration has the name */
function isNamed(name) {
  return (node) => node.name?.text === name;
}

const exported = new Map(Object.entries(TYPES).map(([type, schema]) => [schema, type]));
/** The name of a schema's type. */
const typeOf = (schema) => exported.get(schema) ?? schema;

// Each schema is a type of its own, so that the declarations of a package contain those that it uses.
const types = schemaTypes.type.members.map(({ name, type }) => {
  const code = astToString(type).replace(/components\["schemas"\]\["(\w+)"\]/g, (_, schema) =>
    typeOf(schema),
  );
  const declared = code.startsWith('{') ? `interface ${typeOf(name.text)}` : `type ${typeOf(name.text)} =`;
  return `${exported.has(name.text) ? 'export ' : ''}${declared} ${code}`;
});
const text = `// Generated from docs/openapi.json by scripts/sdk-types.mjs. Do not edit.

${types.join('\n')}`;
const formatted = await format(text, { ...(await resolveConfig(OUTPUT)), parser: 'typescript' });
await writeOrCompare(OUTPUT, formatted, 'npm run sdk-types');
