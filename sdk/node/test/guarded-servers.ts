import { createServer, type RequestListener } from 'node:http';
import { Controller, Get, type INestApplication, Module, Post } from '@nestjs/common';
import { type AbstractHttpAdapter, APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { listening } from '../../../test/harness/listening.js';
import { whileRunning } from '../../../test/runner/running.js';
import { wechatAuth as expressAuth } from '../src/express.js';
import { wechatAuth as fastifyAuth, wechatAuthHook } from '../src/fastify.js';
import { createAuthenticator, type GuardOptions, refusalOf } from '../src/index.js';
import { type AuthState, wechatAuth as koaAuth } from '../src/koa.js';
import {
  Claims,
  CurrentUser,
  OptionalLogin,
  Public,
  RequireLogin,
  WeChatAuthGuard,
  WeChatAuthModule,
} from '../src/nest.js';

/** A service of a stranger. `/me` answers with the claims, `/maybe` with those or `null`, `/open` with `open`. */
export interface GuardedServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts one, with the options of its guard. */
export type StartServer = (options: GuardOptions) => Promise<GuardedServer>;

const serve = (listener: RequestListener): Promise<GuardedServer> => listening(createServer(listener));

const startExpress: StartServer = (options) => {
  const app = express();
  app.get('/open', (_request, response) => void response.json('open'));
  app.get('/maybe', expressAuth({ ...options, required: false }), (request, response) => {
    response.json(request.auth ?? null);
  });
  app.use(expressAuth(options));
  app.get('/me', (request, response) => void response.json(request.auth));
  return serve(app as RequestListener);
};

const startKoa: StartServer = (options) => {
  const app = new Koa<AuthState>();
  const optional = koaAuth({ ...options, required: false });
  const required = koaAuth(options);
  app.use(async (context, next) => {
    if (context.path === '/open') context.body = '"open"';
    else await next();
  });
  app.use((context, next) => (context.path === '/maybe' ? optional : required)(context, next));
  app.use((context) => {
    context.body = JSON.stringify(context.state.auth ?? null);
  });
  const handle = app.callback();
  return serve((request, response) => void handle(request, response));
};

const startFastify: StartServer = async (options) => {
  const app = fastify();
  await app.register(fastifyAuth, options);
  app.get('/me', (request) => Promise.resolve(request.auth));
  app.get('/open', { config: { public: true } }, (request) => Promise.resolve(request.auth ?? '"open"'));
  const onRequest = wechatAuthHook({ ...options, required: false });
  app.get('/maybe', { config: { public: true }, onRequest }, (request, reply) => {
    void reply.type('application/json').send(JSON.stringify(request.auth ?? null));
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: whileRunning('Fastify', () => app.close()) };
};

/** Without a framework. */
const startHttp: StartServer = (options) => {
  const { authenticate } = createAuthenticator(options);
  return serve((request, response) => {
    if (request.url === '/open') return void response.end('"open"');
    const required = request.url !== '/maybe';
    authenticate(request, required ? {} : { required }).then(
      (claims) => response.end(JSON.stringify(claims ?? null)),
      (error: unknown) => {
        const { status, headers, problem } = refusalOf(error, request);
        response.writeHead(status, headers).end(JSON.stringify(problem));
      },
    );
  });
};

@Controller()
class PeopleController {
  @Get('me')
  me(@CurrentUser() user: Claims): Claims {
    return user;
  }

  @Get('id')
  id(@CurrentUser('sub') userId: string): object {
    return { userId };
  }

  @Get('open')
  @Public()
  open(@CurrentUser() user: Claims | undefined): object | string {
    return user ?? '"open"';
  }

  @Get('maybe')
  @OptionalLogin()
  maybe(@CurrentUser() user: Claims | undefined): object | string {
    return user ?? 'null';
  }
}

@Public()
@Controller('shop')
class ShopController {
  @Get()
  goods(): string {
    return 'goods';
  }

  @Post('orders')
  @RequireLogin()
  order(@CurrentUser('sub') userId: string): string {
    return userId;
  }
}

function moduleOf(options: GuardOptions, isAsync: boolean) {
  const OPTIONS = 'options of a stranger';
  @Module({ providers: [{ provide: OPTIONS, useValue: options }], exports: [OPTIONS] })
  class SettingsModule {}

  @Module({
    imports: [
      isAsync
        ? WeChatAuthModule.forRootAsync({
            imports: [SettingsModule],
            inject: [OPTIONS],
            useFactory: (found: GuardOptions) => Promise.resolve(found),
          })
        : WeChatAuthModule.forRoot(options),
    ],
    controllers: [PeopleController, ShopController],
    providers: [{ provide: APP_GUARD, useExisting: WeChatAuthGuard }],
  })
  class AppModule {}
  return AppModule;
}

async function listen(app: INestApplication): Promise<GuardedServer> {
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), close: whileRunning('Nest', () => app.close()) };
}

/**
 * `@nestjs/platform-express`, under another name: by its own one npm would put it into the image of the service, since
 * it is an optional peer of `@nestjs/core`.
 */
const EXPRESS_PLATFORM = 'nest-platform-express';

const startNestOnExpress: StartServer = async (options) => {
  const { ExpressAdapter } = (await import(EXPRESS_PLATFORM)) as {
    readonly ExpressAdapter: new () => AbstractHttpAdapter;
  };
  return listen(await NestFactory.create(moduleOf(options, true), new ExpressAdapter(), { logger: false }));
};

const startNestOnFastify: StartServer = async (options) =>
  listen(await NestFactory.create(moduleOf(options, false), new FastifyAdapter(), { logger: false }));

/** By name. */
export const SERVERS: readonly (readonly [string, StartServer])[] = [
  ['Express', startExpress],
  ['Koa', startKoa],
  ['Fastify', startFastify],
  ['node:http', startHttp],
  ['Nest on Express', startNestOnExpress],
  ['Nest on Fastify', startNestOnFastify],
];
