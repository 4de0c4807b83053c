import type { AttemptMethod } from '../channel/channels.js';
import { nameDecorator } from '../common/named-providers.js';
import type { BegunAttempt } from './attempts.js';
import type { Binding } from './binding.js';
import type { WxLoginOptions } from './wx-login-options.js';

/** A new attempt and what was asked for. */
export interface NewAttempt extends BegunAttempt {
  readonly appId: string;
  /** Allowed. */
  readonly returnTo: string;
  readonly binding: Binding;
  /** The header of the request. */
  readonly acceptLanguage: string | undefined;
}

/** What the screen shows: a page of WeChat, or a picture. Members of the reply of a new attempt. */
export interface AttemptDisplay {
  /** WeChat's page for the whole window. */
  readonly authorizeUrl?: string;
  /** The same page in a frame. */
  readonly wxLogin?: WxLoginOptions;
  /** Address of a picture of a code. */
  readonly qrImageUrl?: string;
}

/** Says what a screen shows for attempts of one method. Each channel with a method brings one, in its own folder. */
export interface AttemptScreen {
  show(attempt: NewAttempt): Promise<AttemptDisplay>;
}

/** Marks a provider as the `AttemptScreen` of a method. It may be in any module of the app. */
export const ShowsAttempt = nameDecorator<AttemptMethod>();
