import { AsyncLocalStorage } from 'node:async_hooks';
import type { ErrorCode } from '../common/error-catalogue.js';
import type { ChannelLabel } from '../channel/channels.js';

/**
 * Facts about a request that become known while it is handled, for its log line and the metrics. Nothing
 * secret.
 */
export interface RequestFacts {
  /** Id of the user who makes the request. */
  userId?: string;
  /** The configured app that the request belongs to, never an unchecked value of the client. */
  appId?: string;
  /** Set for a login attempt. Its outcome, a session or an error, is counted. */
  login?: ChannelLabel | undefined;
  /**
   * Set for a request that proves an identity at WeChat, to log in or for another purpose. A refusal is
   * recorded.
   */
  asks?: { readonly channel: ChannelLabel; readonly purpose: string };
  /** Whether an event has recorded the refusal already. */
  isRefusalRecorded?: boolean;
  /**
   * Whether an operator or one of their programs makes the request. They may see details of the
   * configuration.
   */
  isOperator?: boolean;
  /** The error code of the reply. */
  code?: ErrorCode;
  /** A stream goes on after the reply has been given back, and writes the log line at its end. */
  outlivesReply?: boolean;
  /** The challenge of a 401 (WWW-Authenticate, RFC 9110 section 11.6.1), if it is not just `Bearer`. */
  challenge?: string;
}

/** A program of the operator that has sent a valid API key. */
export interface GivenKey {
  readonly role: 'admin' | 'service';
  readonly name: string;
}

/** The context of a request, for the log and the events. */
export interface RequestContext {
  readonly requestId: string;
  /**
   * IP address of the client in canonical form (`ipAddress`): the peer of the connection, or the address that
   * a trusted proxy or a program with a valid API key sends in X-Forwarded-For.
   */
  readonly ip: string;
  /** The valid API key in X-Api-Key, if any. */
  readonly apiKey: GivenKey | null;
  readonly facts: RequestFacts;
}

/** What code knows about the chain of calls that it is part of. */
interface Scope {
  readonly request: RequestContext | null;
  /** The database whose connection the caller holds. */
  readonly database: object | null;
}

/** The only one: on Node 20 each AsyncLocalStorage makes every promise of the process dearer. */
const storage = new AsyncLocalStorage<Scope>();

/** Runs `next` and everything that it awaits in the context. */
export function runInRequestContext(context: RequestContext, next: () => void): void {
  storage.run({ request: context, database: null }, next);
}

/** The context of the current request; `null` in background work. */
export function requestContext(): RequestContext | null {
  return storage.getStore()?.request ?? null;
}

/** Adds facts to the current request. Has no effect in background work. */
export function noteInRequest(facts: RequestFacts): void {
  const context = requestContext();
  if (context) Object.assign(context.facts, facts);
}

/** Runs work that holds a connection to the database, in the same request. */
export function runInDatabaseOperation<T>(database: object, work: () => Promise<T>): Promise<T> {
  return storage.run({ request: requestContext(), database }, work);
}

/** Whether the caller holds a connection to this database. */
export function isInDatabaseOperation(database: object): boolean {
  return storage.getStore()?.database === database;
}
