import { createServer } from 'node:http';

/** The push settings of the app, and where to listen: what a receiver is started with. */
export const { APP_ID, TOKEN, AES_KEY = '', PORT } = process.env;

/** What it has read, with its answers, for the test: `GET /seen`. */
const seen = [];

/** The passive reply of a receiver: what a person wrote, said back in the XML of section 15.4. */
export function echoed({ to, from, content }) {
  return `<xml><ToUserName><![CDATA[${to}]]></ToUserName><FromUserName><![CDATA[${from}]]></FromUserName><CreateTime>1714037060</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[收到：${content}]]></Content></xml>`;
}

/**
 * Listens for pushes.
 * @param take reads a push: `(request, body, query) -> { message, contentType, answer }`, where `message` is what the
 * SDK has read; what it throws is answered 403
 */
export function receive(take) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://receiver');
    if (pathname === '/seen') {
      response.end(JSON.stringify(seen));
      return;
    }
    void answer(request, response, Object.fromEntries(searchParams), take);
  });
  server.listen(Number(PORT), '127.0.0.1');
  process.once('SIGTERM', () => process.exit(0));
}

async function answer(request, response, query, take) {
  try {
    const taken = await take(request, query);
    seen.push(taken);
    response.writeHead(200, { 'content-type': taken.contentType }).end(taken.answer);
  } catch (error) {
    response.writeHead(403, { 'content-type': 'text/plain' }).end(String(error));
  }
}

/** The body of a request as text. */
export async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The text of an element of XML. */
export function element(xml, name) {
  return new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`, 's').exec(xml)?.[1] ?? '';
}
