import type { AppKind } from '../../channel/app-kinds.js';
import { isBoundToBrowser } from '../../attempt/return-urls.js';
import { channels } from '../../channel/channels.js';
import type { AppConfig } from '../../config/app-config.js';
import type { KnownPerson } from '../hosted/known-person.js';
import type { WaitingConsent } from '../in-wechat/in-wechat-flow.js';
import type { LoginPageRequest } from './login-page.requests.js';
import type { LoginView, ScanMethod } from './login-view.js';
import type { Visitor } from './visitor.js';

/** Chooses the view of the login page by the browser and the configured apps. */
export class LoginViews {
  private readonly pageUrl: string;

  constructor(private readonly config: AppConfig) {
    this.pageUrl = `${config.publicUrl}/login`;
  }

  /**
   * The app of a kind for a login: the app of the query, if it is of that kind, else the first one.
   * @returns `null` where no app of the kind is configured
   */
  appId(kind: AppKind, { appId }: LoginPageRequest): string | null {
    const apps = this.config.wechat.apps.filter((app) => app.kind === kind);
    return (apps.find((app) => app.appId === appId) ?? apps[0])?.appId ?? null;
  }

  /**
   * The view for a browser.
   * @param consent the login that waits for a tap, if any
   * @param known the person who may continue, if any
   */
  choose(
    query: LoginPageRequest,
    visitor: Visitor,
    consent: WaitingConsent | null,
    known: KnownPerson | null,
  ): LoginView {
    if (query.linked !== undefined) return { kind: 'linked' };
    if (known) return this.known(query, known);
    switch (visitor) {
      case 'wechat':
        return this.inWeChat(query, consent);
      case 'web-view':
        return { kind: 'web-view' };
      case 'phone':
        return this.onPhone(query);
      case 'desk':
        return this.atDesk(query);
    }
  }

  private known(query: LoginPageRequest, { hosted }: KnownPerson): LoginView {
    const { nickname, avatarKey } = hosted.user;
    const { returnTo, appId, codeChallenge, uiLocales: ui_locales } = query;
    const asked = Object.entries({ returnTo, appId, codeChallenge, ui_locales }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return {
      kind: 'known',
      nickname,
      pictureUrl: avatarKey === null ? null : `${this.config.publicUrl}/avatars/${avatarKey}?size=132`,
      fields: { token: hosted.formToken, ...Object.fromEntries(asked) },
      otherUrl: this.linkTo({ ...query, prompt: 'login' }),
    };
  }

  private inWeChat(query: LoginPageRequest, consent: WaitingConsent | null): LoginView {
    if (this.appId('official_account', query) !== null) {
      const againUrl = consent?.url ?? this.linkTo(query);
      if (query.error === 'WECHAT_SNAPSHOT_USER') return { kind: 'snapshot', againUrl };
      return consent === null || consent.isKnown
        ? { kind: 'again', againUrl }
        : { kind: 'consent', consentUrl: consent.url };
    }
    const [method] = this.scanMethods(query).filter(({ tab }) => tab.worksOnItsPhone);
    return method
      ? { kind: 'scan', methods: [method], longPress: true }
      : { kind: 'computer', link: this.linkElsewhere(query) };
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

  /** The methods that have a tab and a configured app, that of the query's app first. */
  private scanMethods(query: LoginPageRequest): ScanMethod[] {
    const isNamed = ({ appId }: ScanMethod): number => Number(appId === query.appId);
    return channels()
      .flatMap(({ appKind, attempt }) => {
        const appId = this.appId(appKind, query);
        return attempt?.tab && appId !== null ? [{ method: attempt.method, tab: attempt.tab, appId }] : [];
      })
      .sort((a, b) => isNamed(b) - isNamed(a) || a.tab.position - b.tab.position);
  }

  /** URL that starts this login again in the same browser. */
  private linkTo({ returnTo, appId, codeChallenge, prompt, uiLocales }: LoginPageRequest): string {
    const link = new URL(this.pageUrl);
    const query = { returnTo, appId, codeChallenge, prompt, ui_locales: uiLocales };
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) link.searchParams.set(name, value);
    }
    return link.href;
  }

  /**
   * URL that starts this login in another browser. With a challenge that is the website's own: the verifier is in the
   * first browser. `null` for a partner app, of which the page knows no address to start at.
   */
  private linkElsewhere(query: LoginPageRequest): string | null {
    const { returnTo, codeChallenge } = query;
    if (returnTo !== undefined && isBoundToBrowser(returnTo, this.config)) return null;
    return returnTo !== undefined && codeChallenge !== undefined
      ? `${new URL(returnTo).origin}/`
      : this.linkTo(query);
  }
}
