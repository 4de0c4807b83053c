import type { AttemptMethod } from '../channel/channels.js';
import { nameDecorator } from '../common/named-providers.js';
import type { BegunAttempt } from './attempts.js';
import type { Binding } from './binding.js';
import type { WxLoginOptions } from './wx-login-options.js';

/** A new attempt and the parameters of its request. */
export interface NewAttempt extends BegunAttempt {
  readonly appId: string;
  /** Checked against RETURN_URLS. */
  readonly returnTo: string;
  readonly binding: Binding;
  /** Fingerprint of the cookie of the browser whose hosted page began it; `null` if a website began it. */
  readonly hostedBrowser: string | null;
  /** Languages of the person by preference, in the form of Accept-Language. */
  readonly languages: string;
  /** `ui_locales` of the request. */
  readonly uiLocales: string | undefined;
}

/** What the screen shows: a page of WeChat or a picture. These are members of the reply to a new attempt. */
export interface AttemptDisplay {
  /** URL of WeChat's page as a full page. */
  readonly authorizeUrl?: string;
  /** Options that show the same page in a frame. */
  readonly wxLogin?: WxLoginOptions;
  /** URL of the picture of a QR code. */
  readonly qrImageUrl?: string;
}

/**
 * Says what a screen shows for attempts of one method. Each channel with an attempt method provides one in
 * its own folder.
 */
export interface AttemptScreen {
  show(attempt: NewAttempt): Promise<AttemptDisplay>;
}

/** Marks a provider as the `AttemptScreen` of a method. It may be in any module of the app. */
export const ShowsAttempt = nameDecorator<AttemptMethod>();
