import type { AppKind } from '../../channel/app-kinds.js';
import { channels } from '../../channel/channels.js';
import type { AppConfig } from '../../config/app-config.js';
import type { LoginPageRequest } from './login-page.requests.js';
import type { LoginView, ScanMethod } from './login-view.js';
import type { Visitor } from './visitor.js';

/** Decides what the login page shows to whom, by the apps that are configured. */
export class LoginViews {
  private readonly pageUrl: string;

  constructor(private readonly config: AppConfig) {
    this.pageUrl = `${config.publicUrl}/login`;
  }

  /**
   * The app of a kind that a login uses: the one that the query names, if it is of that kind, else the first.
   * @returns `null` where none is configured
   */
  appId(kind: AppKind, { appId }: LoginPageRequest): string | null {
    const apps = this.config.wechat.apps.filter((app) => app.kind === kind);
    return (apps.find((app) => app.appId === appId) ?? apps[0])?.appId ?? null;
  }

  /**
   * @param consentUrl WeChat's page that asks the person; `null` where no login waits for a tap
   */
  choose(query: LoginPageRequest, visitor: Visitor, consentUrl: string | null): LoginView {
    if (query.linked !== undefined) return { kind: 'linked' };
    switch (visitor) {
      case 'wechat':
        return this.inWeChat(query, consentUrl);
      case 'web-view':
        return { kind: 'web-view' };
      case 'phone':
        return this.onPhone(query);
      case 'desk':
        return this.atDesk(query);
    }
  }

  private inWeChat(query: LoginPageRequest, consentUrl: string | null): LoginView {
    if (this.appId('official_account', query) !== null) {
      const againUrl = consentUrl ?? this.linkTo(query);
      if (query.error === 'WECHAT_SNAPSHOT_USER') return { kind: 'snapshot', againUrl };
      return consentUrl === null ? { kind: 'again', againUrl } : { kind: 'consent', consentUrl };
    }
    const [method] = this.scanMethods(query).filter(({ tab }) => tab.worksOnItsPhone);
    return method
      ? { kind: 'scan', methods: [method], longPress: true }
      : { kind: 'computer', link: this.linkTo(query) };
  }

  private onPhone(query: LoginPageRequest): LoginView {
    const methods = this.scanMethods(query).filter(({ tab }) => tab.worksOnItsPhone);
    return methods.length > 0 || this.appId('official_account', query) !== null
      ? { kind: 'open-in-wechat', link: this.linkElsewhere(query), methods }
      : { kind: 'computer', link: this.linkElsewhere(query) };
  }

  private atDesk(query: LoginPageRequest): LoginView {
    const methods = this.scanMethods(query);
    return methods.length > 0
      ? { kind: 'scan', methods, longPress: false }
      : { kind: 'open-in-wechat', link: this.linkElsewhere(query), methods };
  }

  /** The methods with a tab that a configured app can serve. The app that the query names comes first. */
  private scanMethods(query: LoginPageRequest): ScanMethod[] {
    const isNamed = ({ appId }: ScanMethod): number => Number(appId === query.appId);
    return channels()
      .flatMap(({ appKind, attempt }) => {
        const appId = this.appId(appKind, query);
        return attempt?.tab && appId !== null ? [{ method: attempt.method, tab: attempt.tab, appId }] : [];
      })
      .sort((a, b) => isNamed(b) - isNamed(a) || a.tab.position - b.tab.position);
  }

  /** This login from its beginning, in the same browser. */
  private linkTo({ returnTo, appId, codeChallenge }: LoginPageRequest): string {
    const link = new URL(this.pageUrl);
    for (const [name, value] of Object.entries({ returnTo, appId, codeChallenge })) {
      if (value !== undefined) link.searchParams.set(name, value);
    }
    return link.href;
  }

  /**
   * This login for another browser. Who gave a challenge keeps its verifier in this browser: in another one the
   * website itself has to begin.
   */
  private linkElsewhere(query: LoginPageRequest): string {
    const { returnTo, codeChallenge } = query;
    return returnTo !== undefined && codeChallenge !== undefined
      ? `${new URL(returnTo).origin}/`
      : this.linkTo(query);
  }
}
