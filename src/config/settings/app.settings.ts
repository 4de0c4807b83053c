import { type AppKinds, appKinds } from '../../channel/app-kinds.js';
import { apps } from '../parsers.js';
import { optional, type Setting } from '../setting.js';

/** AppID and AppSecret of each app of one kind, in the order of the variable. */
export type Apps = ReturnType<typeof apps>;

/** The values of the variables that list apps, by the name of the variable. */
export type AppSettings = {
  readonly [Kind in keyof AppKinds as AppKinds[Kind]['variable']]: Apps | null;
};

/** The variables that list apps, one for each kind in `channel/`. */
export function appSettings(): Record<string, Setting<Apps>> {
  return Object.fromEntries(
    appKinds().map(({ variable, docs, sandboxApp }) => [
      variable,
      optional(apps, {
        secret: true,
        ...docs,
        examples: ['wx0123456789abcdef:<AppSecret>'],
        ...(sandboxApp && {
          otherwise: { en: "the sandbox's app; none in production", zh: '沙箱的应用；生产环境无默认值' },
        }),
      }),
    ]),
  );
}

/** The apps of a kind; `null` where its variable is not set. */
export function appsOf(settings: AppSettings, variable: string): Apps | null {
  return settings[variable as keyof AppSettings] ?? null;
}
