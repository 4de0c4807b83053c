import Bowser from 'bowser';

/**
 * Names by which a person recognises a device. They come from closed lists and never contain the client's
 * text.
 */
export interface DeviceNames {
  readonly browser: string | null;
  readonly os: string | null;
}

/** WeChat's browser and mini programs identify themselves this way, whatever their engine is. */
const WECHAT = /MicroMessenger\/[\d.]+/;
const MINI_PROGRAM = /miniProgram/i;

/** For unknown agents bowser returns the client's own text, so its names are checked against these lists. */
const BROWSERS: ReadonlySet<string> = new Set(Object.values(Bowser.BROWSER_MAP));
const SYSTEMS: ReadonlySet<string> = new Set(Object.values(Bowser.OS_MAP));
const MAJOR = /^(?:NT )?(\d{1,4})(?:\.|$)/;
/** The marketing name of Windows: NT 6.1 is Windows 7. */
const WINDOWS = /^(?:\d{1,4}(?:\.\d)?|XP|Vista|2000)$/;

/**
 * Browser and system of a User-Agent with their major versions; `null` if it does not say, or if the name is
 * on no list. People decide by these names whether a login was theirs, so a client must not choose the text.
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
