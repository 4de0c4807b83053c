import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppConfig } from '../config/app-config.js';
import { pageAsset } from './assets.js';
import { brandIcon, brandImages } from './brand.js';
import { languagesOf, pageLanguage, type PageLanguage, rememberSwitch } from './language.js';
import { languageSwitch } from './language-switch.js';
import { type Page, sendPage } from './page.js';
import { brandStyle } from './palette.js';
import { termsSentence } from './terms.js';
import { TEXTS } from './texts.js';

const STYLE = pageAsset('page.css');

/** The settings that all pages depend on. */
export type ShellConfig = Pick<AppConfig, 'brand' | 'publicUrl' | 'terms'>;

/** A page of a door. `body` is HTML in which all foreign text is escaped. */
export interface ShellPage extends Omit<Page, 'style' | 'icon'> {
  /** Without the brand, which is added. */
  readonly title: string;
  /** Style sheet in place of that of all pages. */
  readonly style?: string;
  /** Whether a login may begin on the page: then it says what a login accepts. */
  readonly logsIn?: boolean;
  /** Whether the page is a part of another one, in a frame: then nothing is around its body. */
  readonly isFrame?: boolean;
}

/** What is around the body of every page: title, icon, colours, and at its foot what a login accepts and the language switch. */
export class PageShell {
  private readonly colors: string;
  private readonly icon: string;
  private readonly isSecure: boolean;

  constructor(private readonly config: ShellConfig) {
    this.colors = brandStyle(config.brand.color);
    this.icon = brandIcon(config.brand);
    this.isSecure = config.publicUrl.startsWith('https:');
  }

  /**
   * The language of the page that answers a request.
   * @param uiLocales of the login that the page belongs to, for a URL without `ui_locales`
   */
  language(request: FastifyRequest, uiLocales?: string): PageLanguage {
    return pageLanguage(languagesOf(request, uiLocales));
  }

  /** Sends a page, and keeps the language if the person has just chosen it. */
  async send(reply: FastifyReply, { isFrame = false, logsIn = false, ...page }: ShellPage): Promise<void> {
    const { request } = reply;
    rememberSwitch(request, reply, this.isSecure);
    const terms = logsIn ? termsSentence(this.config.terms, TEXTS[page.language]) : '';
    const foot = isFrame ? '' : terms + languageSwitch(request, page.language);
    await sendPage(reply, {
      ...page,
      title: `${page.title} · ${this.config.brand.name}`,
      icon: this.icon,
      style: this.colors + (page.style ?? STYLE),
      allowed: {
        ...page.allowed,
        images: [...brandImages(this.config.brand), ...(page.allowed?.images ?? [])],
      },
      body: foot === '' ? page.body : `${page.body}\n<footer>${foot}</footer>`,
    });
  }
}
