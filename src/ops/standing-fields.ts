import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import type { AppConfig } from '../config/app-config.js';
import { CORS_FIELDS } from './cors.js';

declare module 'http' {
  interface OutgoingMessage {
    /**
     * Node's only way to write a header; all others end in it. Not in its types.
     * @param fields by name in lower case, as Fastify and setHeader keep them
     */
    _storeHeader(statusLine: string, fields: Readonly<Record<string, unknown>> | undefined): void;
  }
}

/** A header field as text, and the fields in whose place it stands: a reply that sets one of them leaves it out. */
interface Line {
  readonly text: string;
  readonly unless: readonly string[];
}

/** A response that sends the fields of every reply without being given them. */
export abstract class StandingResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Routes that decide on CORS themselves set it to `false`. */
  sendsCorsFields = true;
}

/**
 * Builds the class of responses of a server. The header fields that every reply has, of helmet and of CORS, are text
 * that is made once. Given to each reply as values, fifteen fields would be copied, looked up and validated for each
 * of them again, which took a tenth of a token check. A reply that sets such a field itself sends its own.
 */
export function standingResponse({ publicUrl }: Pick<AppConfig, 'publicUrl'>): typeof ServerResponse {
  const security = Object.entries({ ...securityFields(publicUrl), vary: 'Origin' }).map(toLine);
  const all = [...security, ...Object.entries(CORS_FIELDS).map(toLine)];
  return class<Request extends IncomingMessage> extends StandingResponse<Request> {
    override _storeHeader(statusLine: string, fields: Readonly<Record<string, unknown>> | undefined): void {
      let head = statusLine;
      for (const { text, unless } of this.sendsCorsFields ? all : security) {
        if (unless.every((name) => fields?.[name] === undefined)) head += text;
      }
      super._storeHeader(head, fields);
    }
  };
}

function toLine([name, value]: readonly [string, unknown]): Line {
  // Whoever decides on the policy of a page decides on who may frame it.
  const unless = name === 'x-frame-options' ? [name, 'content-security-policy'] : [name];
  return { text: `${name}: ${String(value)}\r\n`, unless };
}

/** helmet's fields. It runs once, because they are always the same. */
function securityFields(publicUrl: string): ReturnType<ServerResponse['getHeaders']> {
  const secure = helmet({
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
    // Only for this host. HSTS for other subdomains is not our decision.
    strictTransportSecurity: publicUrl.startsWith('https:') ? { includeSubDomains: false } : false,
  });
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  secure(request, response, (fault) => {
    if (fault instanceof Error) throw fault;
  });
  return response.getHeaders();
}
