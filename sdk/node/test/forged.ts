import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Other claims and header fields; `undefined` leaves one out. */
export interface Changes {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** A token as the service would sign it, but signed by somebody else; with a `kid` of its own unless one is given. */
export function forged(token: string, { claims = {}, header = {} }: Changes = {}): Promise<string> {
  return new SignJWT({ ...decodeJwt(token), ...claims })
    .setProtectedHeader({
      ...decodeProtectedHeader(token),
      alg: 'ES256',
      kid: randomBytes(32).toString('base64url'),
      ...header,
    })
    .sign(privateKey);
}

/** The same token with the header field or claim changed, and the old signature. */
export function altered(token: string, { claims = {}, header = {} }: Changes): string {
  const [, , signature = ''] = token.split('.');
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return [
    encode({ ...decodeProtectedHeader(token), ...header }),
    encode({ ...decodeJwt(token), ...claims }),
    signature,
  ].join('.');
}
