import fastify from 'fastify';
import { registerApi } from './api/api.js';
import { registerControl } from './control/control.js';
import { registerJsSdk } from './js-sdk/js-sdk.js';
import { registerOpen } from './open/open.js';
import { registerPhone } from './phone/phone.js';
import { DEFAULT_APPS, type AppsConfig } from './state/apps.js';
import { issueSampleCodes } from './state/sample-codes.js';
import type { PayAppKey } from './state/pay-keys.js';
import type { PushSetUp } from './state/push-accounts.js';
import { DEFAULT_SETTINGS, type Settings } from './state/settings.js';
import { ServiceAddress } from './state/service-address.js';
import { World } from './state/world.js';
import { registerAvatars } from './web/avatar.js';
import { takeOnlyOwnHosts } from './web/hosts.js';
import { registerNotFound } from './web/not-found.js';
import type { WebOptions } from './web/request.js';
import { asWeChat } from './web/wechat-side.js';
import { registerWebView } from './web-view/web-view.js';

/** The options of a sandbox; each has a default. */
export interface SandboxOptions {
  /** The apps. A kind that is left out has its default app. */
  apps?: Partial<AppsConfig>;
  /** Milliseconds since 1970; default Date.now. POST /control/clock adds an offset to it. */
  clock?: () => number;
  /** Origin for links to the sandbox, e.g. in QR codes; default: the origin by which the caller reached it. */
  publicUrl?: string;
  /** Host names (without port) that it accepts, besides localhost, *.localhost, 127.0.0.0/8 and ::1. */
  hosts?: readonly string[];
  /** Where the sandbox calls the service; default http://localhost:3000. PUT /control/service changes it. */
  serviceUrl?: string;
  /** How browsers know the service, its PUBLIC_URL; default serviceUrl. */
  servicePublicUrl?: string;
  /** The shop whose orders the sample mini program pays; default http://localhost:4100. */
  shopUrl?: string;
  /** Where the message push of apps is set up. PUT /control/push-settings changes it. */
  push?: PushSetUp;
  /** AppKeys of virtual payment; a mini program that is not named has the default ones. */
  payAppKeys?: readonly PayAppKey[];
  /** Whether the codes that API documents show as examples work, once each; default false. */
  sampleCodes?: boolean;
  /** Lifetimes, the session_key's minimum interval, the hold of the long poll, refusal mode, … */
  settings?: Partial<Settings>;
}

/** A simulator of WeChat's servers. */
export interface Sandbox {
  /** Listens, by default on 127.0.0.1 and a free port. Resolves with the URL, without a slash at its end. */
  listen(at?: { port?: number; host?: string }): Promise<string>;
  /** Stops it: answers held calls and closes all connections. */
  close(): Promise<void>;
  /** The URL it listens on. Throws before `listen`. */
  readonly url: string;
}

/**
 * Creates a sandbox: api.weixin.qq.com, open.weixin.qq.com, the virtual phone with its WeChat and the control
 * API on one port (wechat-api.md sections 0-5, 8-10). It is for development and tests, never for production.
 */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const serviceUrl = options.serviceUrl ?? 'http://localhost:3000';
  const world = new World({
    apps: { ...DEFAULT_APPS, ...options.apps },
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
    service: new ServiceAddress(serviceUrl, options.servicePublicUrl ?? serviceUrl),
    shopUrl: options.shopUrl ?? 'http://localhost:4100',
    push: options.push ?? {},
    payAppKeys: options.payAppKeys ?? [],
    now: options.clock ?? Date.now,
  });
  if (options.sampleCodes) issueSampleCodes(world);
  const web: WebOptions = { publicUrl: options.publicUrl ?? null };
  // Connections that a fault left hanging would otherwise block close().
  const server = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 200 } });
  server.addHook('preClose', (done) => {
    world.close();
    done();
  });
  takeOnlyOwnHosts(server, options.hosts ?? []);
  registerNotFound(server, world);
  registerWebView(server, world);
  void server.register((scope, _options, done) => {
    asWeChat(scope, world);
    registerApi(scope, world, web);
    registerOpen(scope, world, web);
    registerAvatars(scope, world);
    done();
  });
  void server.register((scope, _options, done) => {
    registerControl(scope, world, web);
    done();
  });
  void server.register((scope, _options, done) => {
    registerPhone(scope, world);
    registerJsSdk(scope, world);
    done();
  });

  let url: string | undefined;
  return {
    async listen({ port = 0, host = '127.0.0.1' } = {}) {
      url = await server.listen({ port, host });
      return url;
    },
    close: () => server.close(),
    get url() {
      if (url === undefined) throw new Error('The sandbox does not listen yet.');
      return url;
    },
  };
}
