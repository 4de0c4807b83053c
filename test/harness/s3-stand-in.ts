import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type Listening, listening } from './listening.js';

/** Credentials that the stand-in accepts. */
export const S3_KEYS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

/**
 * A bucket with the part of S3 that pictures need. It accepts only signed requests (AWS Signature Version 4).
 */
export class S3StandIn {
  /** Stored objects by path: `/bucket/key`. */
  readonly objects = new Map<string, { readonly bytes: Buffer; readonly contentType: string }>();
  /** All requests in order of arrival. */
  readonly requests: { readonly host: string; readonly path: string }[] = [];
  private readonly server: Server;
  private listening: Listening | null = null;

  private constructor(private readonly bucket: string) {
    this.server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const { status, type, bytes } = this.answer(request, body);
        response.writeHead(status, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
      });
    });
  }

  /** @returns the stand-in and its URL */
  static async listen(bucket: string): Promise<{ s3: S3StandIn; url: string }> {
    const s3 = new S3StandIn(bucket);
    s3.listening = await listening(s3.server);
    return { s3, url: s3.listening.url };
  }

  async close(): Promise<void> {
    await this.listening?.close();
  }

  private answer(request: IncomingMessage, body: Buffer): { status: number; type: string; bytes: Buffer } {
    const url = new URL(request.url ?? '/', 'http://s3');
    const host = request.headers.host ?? '';
    this.requests.push({ host, path: url.pathname });
    if (!isSigned(request, body)) return failure(403, 'SignatureDoesNotMatch');
    const pathname = host.startsWith(`${this.bucket}.`) ? `/${this.bucket}${url.pathname}` : url.pathname;
    if (!pathname.startsWith(`/${this.bucket}/`)) return failure(404, 'NoSuchBucket');
    switch (request.method) {
      case 'PUT':
        this.objects.set(pathname, { bytes: body, contentType: request.headers['content-type'] ?? '' });
        return { status: 200, type: 'application/xml', bytes: Buffer.alloc(0) };
      case 'GET': {
        const object = this.objects.get(pathname);
        if (!object) return failure(404, 'NoSuchKey');
        return { status: 200, type: object.contentType, bytes: object.bytes };
      }
      case 'DELETE':
        this.objects.delete(pathname);
        return { status: 204, type: 'application/xml', bytes: Buffer.alloc(0) };
      default:
        return failure(405, 'MethodNotAllowed');
    }
  }
}

function failure(status: number, code: string): { status: number; type: string; bytes: Buffer } {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { status, type: 'application/xml', bytes: Buffer.from(xml) };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Recomputes the signature of the request and compares. */
function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const { authorization = '' } = request.headers;
  const parts =
    /^AWS4-HMAC-SHA256 Credential=(?<id>[^/]+)\/(?<scope>[^,]+), ?SignedHeaders=(?<signed>[^,]+), ?Signature=(?<signature>[0-9a-f]{64})$/.exec(
      authorization,
    )?.groups;
  const contentHash = String(request.headers['x-amz-content-sha256']);
  if (parts?.id !== S3_KEYS.accessKeyId || contentHash !== sha256(body)) return false;
  const { scope = '', signed = '', signature } = parts;
  const url = new URL(request.url ?? '/', 'http://s3');
  url.searchParams.sort();
  const headers = signed.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [
    request.method,
    url.pathname,
    url.searchParams.toString(),
    headers.join(''),
    signed,
    contentHash,
  ];
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical.join('\n'))];
  const key = scope
    .split('/')
    .reduce<Buffer>((secret, part) => hmac(secret, part), Buffer.from(`AWS4${S3_KEYS.secretAccessKey}`));
  return hmac(key, toSign.join('\n')).toString('hex') === signature;
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
