import type { World } from '../state/world.js';

/** The parameters of a call, from the query or a form. */
export interface Call {
  /** Query parameters; the first of a repeated one counts. */
  query: Readonly<Record<string, string>>;
  /**
   * The JSON body of a POST; throws Refusal 44002 when it is empty, 47001 when it is not a JSON object
   * (section 3.3). Read by the endpoint itself, since a token in the query is checked before it.
   */
  body(): Readonly<Record<string, unknown>>;
  /** The same body as it came, for signatures over it (section 13.1). */
  bytes(): Buffer;
  /** `http://host:port` by which the caller reached the sandbox. */
  origin: string;
  /** Writes the AppID of the caller to the log of calls, for calls without an `appid` parameter. */
  madeBy(appId: string): void;
}

/** A reply that is a picture instead of JSON. */
export class Picture {
  constructor(
    readonly contentType: 'image/jpeg' | 'image/png',
    readonly bytes: Buffer,
  ) {}
}

/** What an endpoint answers in success: a JSON object, or a picture. */
export type Answer = Record<string, unknown> | Picture;

/** One endpoint of api.weixin.qq.com: path, method and reply. */
export interface Endpoint {
  /** Its method. The other method gets 43001 or 43002, except for a POSTed form where one is accepted (section 0). */
  method: 'GET' | 'POST' | 'either';
  path: string;
  /** The reply of a successful call. @throws Refusal for an errcode */
  answer(call: Call, world: World): Answer | Promise<Answer>;
}
