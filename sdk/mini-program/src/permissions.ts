import { judge, refusal } from './failures.js';
import type { Auth, PrivacyOutcome, ScopeOutcome } from './types.js';

/** Calls a function of the platform; without options, one that may be missing. */
export type Invoke = <Result>(name: string, options?: object) => Promise<Result>;
type Single = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

interface Settings {
  readonly authSetting?: Readonly<Record<string, boolean>>;
}

const GRANTED = { status: 'granted' } as const;
const POSSIBLE = /refused|not-decl/;

/** Scopes and the privacy guide (wechat-api.md 7.3, 7.6). Callers at the same time share one prompt. */
export function createPermissions(
  invoke: Invoke,
  has: (name: string) => boolean,
  once: Single,
): Pick<Auth, 'ensureScope' | 'openSettings' | 'ensurePrivacy'> {
  /** How a scope stands by WeChat's settings. */
  const look = async (api: string, scope: string): Promise<ScopeOutcome> => {
    const { authSetting } = await invoke<Settings>(api);
    const known = Object(authSetting) as Record<string, unknown>;
    if (known[scope] === true) return GRANTED;
    return refusal(known[scope] === false ? 'refused-before' : 'never-asked');
  };
  const judged = (failure: unknown): ScopeOutcome => judge(failure, POSSIBLE);

  return {
    ensureScope: (scope, { ask = true } = {}) =>
      once(`${scope}${ask}`, async () => {
        const outcome = await look('getSetting', scope);
        if (!ask || outcome.status !== 'never-asked') return outcome;
        await invoke('authorize', { scope });
        return GRANTED;
      }).catch(judged),
    openSettings: (scope) => look('openSetting', scope).catch(judged),
    ensurePrivacy: () =>
      once('privacy', async (): Promise<PrivacyOutcome> => {
        // Base libraries before 2.32.3 lack both functions and require nothing.
        if (has('getPrivacySetting') && has('requirePrivacyAuthorize')) {
          const { needAuthorization } = await invoke<{ needAuthorization?: boolean }>('getPrivacySetting');
          if (needAuthorization) await invoke('requirePrivacyAuthorize');
        }
        return GRANTED;
      }).catch((failure: unknown): PrivacyOutcome => {
        const outcome: { readonly status: string } = judge(failure, /refused|not-decl|banned/);
        return outcome.status === 'privacy-refused'
          ? refusal('refused', failure)
          : (outcome as PrivacyOutcome);
      }),
  };
}
