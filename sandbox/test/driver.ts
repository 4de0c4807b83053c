import { createSandbox, type Sandbox, type SandboxOptions } from '../src/sandbox.js';

/** The default apps of the sandbox. */
export const MINI = { appid: 'wx5a4db0c0de000001', secret: '5a4db0c0de0000000000000000000001' };
export const SITE = { appid: 'wx5a4db0c0de000002', secret: '5a4db0c0de0000000000000000000002' };
export const ACCOUNT = { appid: 'wx5a4db0c0de000003', secret: '5a4db0c0de0000000000000000000003' };

export type Json = Record<string, unknown>;

/** An answer as a client sees it. */
export interface Answer {
  status: number;
  type: string | null;
  text: string;
  json: Json;
}

/** Drives a running sandbox over HTTP, as a service, a browser and a person would. */
export class Driver {
  private constructor(readonly sandbox: Sandbox) {}

  /** Starts a sandbox on a free port. */
  static async start(options: SandboxOptions = {}): Promise<Driver> {
    const sandbox = createSandbox(options);
    await sandbox.listen();
    return new Driver(sandbox);
  }

  close(): Promise<void> {
    return this.sandbox.close();
  }

  /** GET of a path with these query parameters. */
  async get(path: string, query: Record<string, string> = {}, init: RequestInit = {}): Promise<Answer> {
    const search = new URLSearchParams(query).toString();
    const response = await fetch(`${this.sandbox.url}${path}${search && `?${search}`}`, init);
    return read(response);
  }

  /** A request with a JSON body. */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    return read(
      await fetch(`${this.sandbox.url}${path}`, {
        method,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      }),
    );
  }

  /** POST to the control API; fails the test unless it is answered with 2xx. */
  async control(path: string, body: Json = {}): Promise<Json> {
    const answer = await this.send('POST', `/control/${path}`, body);
    if (answer.status >= 300) throw new Error(`/control/${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  async wxLogin(person = 'xiaoming', appId?: string): Promise<string> {
    return String((await this.control('wx-login', { person, ...(appId && { appId }) })).code);
  }

  /** jscode2session with good parameters, or with these instead. */
  exchange(code: string, change: Record<string, string> = {}): Promise<Answer> {
    return this.get('/sns/jscode2session', {
      ...MINI,
      js_code: code,
      grant_type: 'authorization_code',
      ...change,
    });
  }

  /** An interface access_token of an app; the stable one, so that asking again puts none out. */
  async appToken(app = MINI): Promise<string> {
    const { json } = await this.send('POST', '/cgi-bin/stable_token', {
      ...app,
      grant_type: 'client_credential',
    });
    return String(json.access_token);
  }

  /** POST of a JSON body to an API that takes an interface access_token. */
  async callWxa(path: string, body: unknown, accessToken?: string): Promise<Answer> {
    const token = accessToken ?? (await this.appToken());
    return this.send('POST', `${path}?access_token=${encodeURIComponent(token)}`, body);
  }

  /** Opens the qrconnect page as a browser does, and answers its uuid. */
  async openQr(change: Record<string, string> = {}): Promise<string> {
    const page = await this.qrPage(change);
    const uuid = /\/connect\/qrcode\/(\w{16})"/.exec(page.text)?.[1];
    if (!uuid) throw new Error(`no QR code on the page: ${page.text.slice(0, 300)}`);
    return uuid;
  }

  qrPage(change: Record<string, string> = {}): Promise<Answer> {
    return this.get('/connect/qrconnect', {
      appid: SITE.appid,
      redirect_uri: 'http://localhost:3000/callback',
      response_type: 'code',
      scope: 'snsapi_login',
      state: 'st4te',
      ...change,
    });
  }

  /** A whole website login: the code that the browser brings back. */
  async websiteCode(person = 'xiaoming'): Promise<string> {
    const uuid = await this.openQr();
    await this.control('scan', { uuid, person });
    return String((await this.control('allow', { uuid })).code);
  }

  /** sns/oauth2/access_token with good parameters, or with these instead. */
  exchangeWebsite(code: string, change: Record<string, string> = {}): Promise<Answer> {
    return this.get('/sns/oauth2/access_token', {
      ...SITE,
      code,
      grant_type: 'authorization_code',
      ...change,
    });
  }

  poll(uuid: string, more: Record<string, string> = {}): Promise<Answer> {
    return this.get('/connect/l/qrconnect', { uuid, ...more, _: '1' });
  }

  async calls(endpoint: string): Promise<Json[]> {
    return (await this.get('/control/calls', { endpoint })).json.calls as Json[];
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: Json = {};
  try {
    json = JSON.parse(text) as Json;
  } catch {
    // Pages and scripts are not JSON; a test that expects JSON then fails on what it looks for.
  }
  return { status: response.status, type: response.headers.get('content-type'), text, json };
}
