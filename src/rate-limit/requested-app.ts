import type { FastifyRequest } from 'fastify';
import type { AppKind } from '../channel/app-kinds.js';
import type { WeChatApp } from '../config/app-config.js';

/**
 * The app that a request means: the one that its body or query names by `appId`, else the default of a kind. Read
 * before anything is validated, so only apps of the environment count: nobody makes up counters. A request for any
 * other is refused later, before anything goes to WeChat.
 * @returns `null` where there is no such app
 */
export function requestedApp(
  apps: readonly WeChatApp[],
  defaultKind: AppKind,
  { method, body, query }: Pick<FastifyRequest, 'method' | 'body' | 'query'>,
): WeChatApp | null {
  const appId = memberAppId(method === 'GET' || method === 'HEAD' ? query : body);
  const isMeant = (app: WeChatApp): boolean =>
    appId === undefined ? app.kind === defaultKind : app.appId === appId;
  return apps.find(isMeant) ?? null;
}

/** `null` means what absence means, as in `MayBeNull`. */
function memberAppId(members: unknown): unknown {
  if (typeof members !== 'object' || members === null || !('appId' in members)) return undefined;
  return members.appId ?? undefined;
}
