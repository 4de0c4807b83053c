import type { Setting, SettingSection, SettingValues } from './setting.js';
import { ACCESS } from './settings/access.settings.js';
import { type AppSettings, appSettings } from './settings/app.settings.js';
import { EVENTS } from './settings/events.settings.js';
import { PRESENTATION } from './settings/presentation.settings.js';
import { SERVER } from './settings/server.settings.js';
import { SESSIONS } from './settings/sessions.settings.js';
import { STORAGE } from './settings/storage.settings.js';
import { WECHAT } from './settings/wechat.settings.js';

type Section = SettingSection<Readonly<Record<string, Setting<unknown>>>>;

/** All settings, parsed; `null` where one is not set and has no default. */
export type Settings = AppSettings &
  SettingValues<
    typeof SERVER.settings &
      typeof STORAGE.settings &
      typeof WECHAT.settings &
      typeof SESSIONS.settings &
      typeof ACCESS.settings &
      typeof EVENTS.settings &
      typeof PRESENTATION.settings
  >;

/** The sections of the documentation, in order: every variable of the environment that the service reads. */
export function settingSections(): Section[] {
  const wechat = { title: WECHAT.title, settings: { ...appSettings(), ...WECHAT.settings } };
  return [SERVER, STORAGE, wechat, SESSIONS, ACCESS, EVENTS, PRESENTATION];
}

/** Name and description of every variable, without the `_FILE` forms of secrets. */
export function allSettings(): [name: string, setting: Setting<unknown>][] {
  return settingSections().flatMap(({ settings }) => Object.entries(settings));
}
