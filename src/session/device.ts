import Bowser from 'bowser';

/** What a person recognises a device by. Names come from closed lists: nothing that a client wrote is among them. */
export interface DeviceNames {
  readonly browser: string | null;
  readonly os: string | null;
}

/** WeChat's own browser and its mini programs call themselves so, whatever engine they run on. */
const WECHAT = /MicroMessenger\/[\d.]+/;
const MINI_PROGRAM = /miniProgram/i;

/** What it knows nothing of, bowser calls as the client calls itself. */
const BROWSERS: ReadonlySet<string> = new Set(Object.values(Bowser.BROWSER_MAP));
const SYSTEMS: ReadonlySet<string> = new Set(Object.values(Bowser.OS_MAP));
const MAJOR = /^(?:NT )?(\d{1,4})(?:\.|$)/;
/** Windows by the name that people know: NT 6.1 is 7. */
const WINDOWS = /^(?:\d{1,4}(?:\.\d)?|XP|Vista|2000)$/;

/**
 * Browser and system of a user agent, with their versions' first number; `null` for what it does not say, and for names
 * that are on no list. People decide by them whether a login is theirs, so a client must not choose the words.
 */
export function deviceNames(userAgent: string | null): DeviceNames {
  if (userAgent === null || userAgent === '') return { browser: null, os: null };
  const { browser, os } = Bowser.parse(userAgent);
  const wechat = WECHAT.test(userAgent)
    ? MINI_PROGRAM.test(userAgent)
      ? 'WeChat mini program'
      : 'WeChat'
    : null;
  return { browser: wechat ?? listed(BROWSERS, browser.name, major(browser.version)), os: system(os) };
}

function system({ name, version, versionName }: Bowser.Parser.OSDetails): string | null {
  const known = name === 'Windows' && versionName !== undefined && WINDOWS.test(versionName);
  return listed(SYSTEMS, name, known ? versionName : major(version));
}

function major(version: string | undefined): string | undefined {
  return MAJOR.exec(version ?? '')?.[1];
}

function listed(
  names: ReadonlySet<string>,
  name: string | undefined,
  version: string | undefined,
): string | null {
  if (name === undefined || !names.has(name)) return null;
  return version === undefined ? name : `${name} ${version}`;
}
