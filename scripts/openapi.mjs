// Generates docs/openapi.json from the routes: `--write` writes it; without it, a difference is a failure.
import 'reflect-metadata';
import { writeOrCompare } from './generated.mjs';
import { loadConfig } from '../dist/config/load-config.js';
import { createApp } from '../dist/create-app.js';
import { createOpenApiDocument } from '../dist/openapi.js';
import { createLogger } from '../dist/ops/logger.js';

// Nothing connects, so these values are not used; they keep this machine's settings out of the document.
const config = loadConfig({ NODE_ENV: 'test', ENCRYPTION_KEYS: Buffer.alloc(32).toString('base64') });
const app = await createApp({ config, logger: createLogger('error'), preview: true });
await app.init();
await writeOrCompare(
  'docs/openapi.json',
  `${JSON.stringify(createOpenApiDocument(app, config.publicUrl), null, 2)}\n`,
  'npm run openapi',
);
await app.close();
