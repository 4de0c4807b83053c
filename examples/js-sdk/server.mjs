// A page that uses WeChat's JS-SDK: its server sends one file. It knows no AppSecret and no ticket.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/** wechat-auth. RETURN_URLS there has the origin of this page. */
const SERVICE_URL = process.env.SERVICE_URL ?? 'http://localhost:3000';
/** The sandbox's script. With the real WeChat: https://res.wx.qq.com/open/js/jweixin-1.6.0.js */
const JWEIXIN_URL = process.env.JWEIXIN_URL ?? 'http://localhost:3001/open/js/jweixin-1.6.0.js';
const PORT = Number(process.env.PORT ?? 4000);

const page = readFileSync(new URL('./index.html', import.meta.url), 'utf8')
  .replace('{{jweixin}}', JWEIXIN_URL)
  .replace('{{service}}', SERVICE_URL);

createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}).listen(PORT, '127.0.0.1', () => console.log(`JS-SDK example  http://localhost:${PORT}`));
