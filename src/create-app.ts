import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, type AppOptions } from './app.module.js';
import { registerMultipartForms } from './http/multipart-forms.js';
import { RequestPipe } from './http/request-pipe.js';
import { RouteTable } from './http/route-table.js';
import type { AppConfig } from './config/app-config.js';
import { serveDocs } from './openapi.js';
import { Cors } from './ops/cors.js';
import { fastifyOptions, registerRequestHooks } from './ops/http-server.js';
import { type Logger, NestLogger } from './ops/logger.js';
import { PrometheusMetrics } from './ops/prometheus-metrics.js';
import { RequestLog } from './ops/request-log.js';
import { Shutdown } from './ops/shutdown.js';
import { registerVerifyFiles } from './ops/verify-files.js';
import { RecentSessions } from './auth/access-token/recent-sessions.js';
import { registerTokenChecks } from './token/token-check.js';
import { ReturnUrls } from './attempt/return-urls.js';

/** How the app is assembled. */
export interface CreateAppOptions extends AppOptions {
  readonly config: AppConfig;
  readonly logger: Logger;
  /** Builds only the routes and connects to nothing, for the OpenAPI document. */
  readonly preview?: boolean;
}

/** Creates the service, ready to listen. Tests start the same one. */
export async function createApp({
  config,
  logger,
  clock,
  pollInterval,
  pictureProgram,
  relayTiming,
  doors,
  preview = false,
}: CreateAppOptions): Promise<NestFastifyApplication> {
  for (const msg of config.warnings) logger.warn({ msg });
  const metrics = new PrometheusMetrics();
  const requests = new RequestLog(logger, metrics);
  const adapter = new FastifyAdapter(fastifyOptions(requests, config));
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config, metrics, requests, { clock, pollInterval, pictureProgram, relayTiming, doors }),
    adapter,
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false, preview },
  );
  app.useGlobalPipes(new RequestPipe());
  if (preview) return app;
  registerVerifyFiles(adapter.getInstance(), config);
  registerRequestHooks(
    adapter.getInstance(),
    config,
    app.get(RouteTable),
    app.get(Shutdown, { strict: false }),
    requests,
    new Cors(app.get(ReturnUrls, { strict: false }).origins()),
  );
  registerTokenChecks(adapter.getInstance(), app.get(RecentSessions, { strict: false }));
  await registerMultipartForms(adapter.getInstance());
  if (config.docs) serveDocs(app, config.publicUrl);
  return app;
}
