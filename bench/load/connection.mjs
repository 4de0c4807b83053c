import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/** A reply: header and body as text. */
class Reply {
  constructor(head, body) {
    this.head = head;
    this.body = body;
    this.status = Number(head.slice(9, 12));
  }

  /** The first header field of a name; '' if there is none. */
  header(name) {
    return new RegExp(`^${name}: *(.*)$`, 'im').exec(this.head)?.[1] ?? '';
  }

  /** `name=value` of every cookie that is set. */
  cookies() {
    return [...this.head.matchAll(/^set-cookie: *([^;\r\n]+)/gim)].map(([, pair]) => pair);
  }
}

/**
 * One keep-alive connection, one request at a time, with little more than the system calls: a bare Fastify route costs
 * less than a request of undici, and a load generator that is slower than its target would measure itself.
 */
export class Connection {
  constructor(port) {
    this.port = port;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.receive(chunk));
    this.socket.on('error', (error) => this.waiting?.reject(error));
    this.socket.on('close', () => this.waiting?.reject(new Error('the connection was closed')));
    this.received = null;
    this.waiting = null;
  }

  /** @param headers lines, each with CRLF @returns the reply */
  request(method, path, headers = '', body = '') {
    const length =
      body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\nUser-Agent: bench\r\n`;
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(`${head}${headers}${length}\r\n${body}`);
    });
  }

  close() {
    this.waiting = null;
    this.socket.destroy();
  }

  receive(chunk) {
    this.received = this.received === null ? chunk : Buffer.concat([this.received, chunk]);
    const reply = parse(this.received);
    if (reply === null) return;
    const { waiting } = this;
    this.received = null;
    this.waiting = null;
    waiting?.resolve(reply);
  }
}

/** `null` while bytes are missing. */
function parse(bytes) {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const head = bytes.latin1Slice(0, end);
  const body = end + HEAD_END.length;
  if (/^transfer-encoding: *chunked/im.test(head)) {
    const text = dechunked(bytes.subarray(body));
    return text === null ? null : new Reply(head, text);
  }
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (bytes.length < body + length) return null;
  return new Reply(head, bytes.utf8Slice(body, body + length));
}

function dechunked(bytes) {
  const parts = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const from = lineEnd + 2;
    if (bytes.length < from + size + 2) return null;
    if (size === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}
