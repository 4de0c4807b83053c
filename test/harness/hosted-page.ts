import { Browser, locationOf, OWN_PAGE } from './browser.js';
import { call, type Reply } from './http.js';
import { type Person, type Problem, SHOP, type TokenReply, type World } from './world.js';

/** Name of the cookie by which the hosted pages know a person, on http. */
export const LOGIN_COOKIE = 'wechat-auth-login';

type Query = Readonly<Record<string, string>>;

/** The hosted login page in one browser, with what its script and its forms send. */
export class HostedPage {
  constructor(
    private readonly world: World,
    readonly browser = new Browser(),
    private readonly url = world.url,
  ) {}

  /** GET /login. */
  open(query: Query = { returnTo: `${SHOP}/welcome` }): Promise<Reply> {
    return this.browser.visit(`${this.url}/login?${new URLSearchParams(query).toString()}`);
  }

  /** Whether the page offers to continue without a scan. */
  async knows(query?: Query): Promise<boolean> {
    const { status, text } = await this.open(query);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return text.includes('action="login/continue"');
  }

  /** Follows the page's link to WeChat's QR page and scans. @returns returnTo with its answer */
  async scan(person: Person, query: Query = {}): Promise<URL> {
    const page = await this.world.authorize(this.browser, query, this.url, OWN_PAGE);
    const callback = await this.world.scanAndAllow(page, person);
    return locationOf(await this.browser.visit(callback.href));
  }

  /** Logs in by a scan and expects success. */
  async login(person: Person, query: Query = {}): Promise<TokenReply> {
    return this.redeem(await this.scan(person, query));
  }

  /** The website redeems the answer, and expects success. */
  async redeem(returned: URL, extra: object = {}): Promise<TokenReply> {
    const loginCode = returned.searchParams.get('loginCode');
    const reply = await this.world.redeem(this.browser, loginCode, extra, this.url);
    if (reply.status !== 200) throw new Error(`${returned.href}: ${reply.text}`);
    return reply.body;
  }

  /** The hidden fields of the forms of the page. */
  async fields(query?: Query): Promise<Record<string, string>> {
    const { text } = await this.open(query);
    const [form = ''] = /<form[^>]*action="login\/continue".*?<\/form>/s.exec(text) ?? [];
    const found = [...form.matchAll(/name="([^"]*)" value="([^"]*)"/g)];
    return Object.fromEntries(
      found.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]),
    );
  }

  /** Submits a form of the page. */
  submit(action: 'continue' | 'forget', fields: Query, headers: Query = OWN_PAGE): Promise<Reply<Problem>> {
    return this.browser.visit(`${this.url}/login/${action}`, {
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  }

  /** Taps "continue" and expects a redirect. @returns its target */
  async tap(query?: Query): Promise<URL> {
    return locationOf(await this.submit('continue', await this.fields(query)));
  }

  /** Reports a login as the page's script does. */
  report(loginCode: string | null, headers: Query = OWN_PAGE): Promise<Reply<Problem>> {
    return this.browser.visit(`${this.url}/login/session`, { json: { loginCode }, headers });
  }
}

/** Logs a session out at its website. */
export async function logOut(world: World, { refreshToken }: TokenReply): Promise<void> {
  const { status } = await call(`${world.url}/v1/auth/logout`, { json: { refreshToken } });
  if (status !== 204) throw new Error(String(status));
}
