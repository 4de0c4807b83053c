import Bowser from 'bowser';

/** What a person recognises a device by. */
export interface DeviceNames {
  readonly browser: string | null;
  readonly os: string | null;
}

/** WeChat's own browser and its mini programs call themselves so, whatever engine they run on. */
const WECHAT = /MicroMessenger\/[\d.]+/;
const MINI_PROGRAM = /miniProgram/i;

/** Browser and system of a user agent, with their versions' first number; `null` for what it does not say. */
export function deviceNames(userAgent: string | null): DeviceNames {
  if (userAgent === null || userAgent === '') return { browser: null, os: null };
  const { browser, os } = Bowser.parse(userAgent);
  const wechat = WECHAT.test(userAgent)
    ? MINI_PROGRAM.test(userAgent)
      ? 'WeChat mini program'
      : 'WeChat'
    : null;
  return { browser: wechat ?? named(browser), os: named(os) };
}

function named({ name, version }: { name?: string; version?: string }): string | null {
  if (name === undefined || name === '') return null;
  const major = version?.split('.', 1)[0];
  return major === undefined || major === '' ? name : `${name} ${major}`;
}
