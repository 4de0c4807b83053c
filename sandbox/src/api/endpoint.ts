import type { World } from '../state/world.js';

/** The parameters of a call, however they came. */
export interface Call {
  /** Query parameters; of a repeated one the first counts. */
  query: Readonly<Record<string, string>>;
  /**
   * The JSON body of a POST; throws Refusal 44002 when it is empty, 47001 when it is not a JSON object
   * (section 3.3). Read by the endpoint itself, since a token in the query is checked before it.
   */
  body(): Readonly<Record<string, unknown>>;
  /** `http://host:port` by which the caller reached the sandbox. */
  origin: string;
  /** Notes in the call log whose call this is, where no `appid` parameter says so. */
  madeBy(appId: string): void;
}

/** An answer that is a picture instead of JSON. */
export class Picture {
  constructor(
    readonly contentType: 'image/jpeg' | 'image/png',
    readonly bytes: Buffer,
  ) {}
}

/** What an endpoint answers in success: a JSON object, or a picture. */
export type Answer = Record<string, unknown> | Picture;

/** Everything about one endpoint of api.weixin.qq.com, in one place. */
export interface Endpoint {
  /** Its method; the other one gets 43001 or 43002, but for a form where a form is taken (section 0). */
  method: 'GET' | 'POST';
  path: string;
  /** The answer of success; throws Refusal for an errcode. */
  answer(call: Call, world: World): Answer | Promise<Answer>;
}
