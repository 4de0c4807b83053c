import { AsyncLocalStorage } from 'node:async_hooks';
import type { ErrorCode } from '../common/error-catalogue.js';
import type { ChannelLabel } from '../channel/channels.js';

/** What becomes known of a request on its way, for its line in the log and for the metrics. Nothing secret. */
export interface RequestFacts {
  /** Whose request it is. */
  userId?: string;
  /** The app that it came by: one of ours, never what a client merely says. */
  appId?: string;
  /** The request is an attempt to log in: whether it opens a session or ends in an error is counted. */
  login?: ChannelLabel | undefined;
  /** It shows who somebody is at WeChat, to log in or for something else: a refusal is recorded. */
  asks?: { readonly channel: ChannelLabel; readonly purpose: string };
  /** Its refusal stands in an event already. */
  isRefusalRecorded?: boolean;
  /** An operator, or a program of theirs, asks: they may know what is wrong with the set-up. */
  isOperator?: boolean;
  /** The error that it was answered with. */
  code?: ErrorCode;
  /** What a 401 asks for (WWW-Authenticate, RFC 9110 section 11.6.1), where it is not simply `Bearer`. */
  challenge?: string;
}

/** A program of the operator that has shown its key. */
export interface GivenKey {
  readonly role: 'admin' | 'service';
  readonly name: string;
}

/** Who is asking, as far as every part of a request may know: for the log and the events. */
export interface RequestContext {
  readonly requestId: string;
  /**
   * Address of the client, in its one form (`ipAddress`): of the connection, or what a trusted proxy or a program with
   * a good API key says in X-Forwarded-For.
   */
  readonly ip: string;
  /** The API key that came in X-Api-Key, where it is a good one. */
  readonly apiKey: GivenKey | null;
  readonly facts: RequestFacts;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `next` and all that it awaits within the context. */
export function runInRequestContext(context: RequestContext, next: () => void): void {
  storage.run(context, next);
}

/** The context of the request under way; `null` in background work. */
export function requestContext(): RequestContext | null {
  return storage.getStore() ?? null;
}

/** Adds what has just become known; says nothing in background work. */
export function noteInRequest(facts: RequestFacts): void {
  const context = storage.getStore();
  if (context) Object.assign(context.facts, facts);
}
