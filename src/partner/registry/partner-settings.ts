import { AppError, type FieldError } from '../../common/app-error.js';
import { cleanNickname } from '../../user/nickname.js';
import { isNativeUri, isSecureLoopback, uriFault } from './client-uris.js';
import type { Partner, PublicKeySet } from './partner.js';
import { publicKeySet } from './public-keys.js';

/** What an operator decides about a partner. */
export type PartnerSettings = Omit<Partner, 'id' | 'secretHash' | 'createdAt' | 'updatedAt'>;

/** The settings that a request names. `null` removes one that is optional. The key set is unchecked. */
export type GivenSettings = {
  readonly [Name in keyof PartnerSettings]?: PartnerSettings[Name] | null | undefined;
};

/** The settings of a partner of which nothing is known. */
export const DEFAULT_SETTINGS: PartnerSettings = {
  name: '',
  logoUrl: null,
  redirectUris: [],
  postLogoutRedirectUris: [],
  scopes: ['openid', 'profile'],
  authMethod: 'client_secret_basic',
  jwks: null,
  jwksUri: null,
  firstParty: false,
  subjectType: 'pairwise',
  wechatAppId: null,
  miniProgramAppIds: [],
};

/** Whether a partner proves itself by a secret. */
export function hasSecret({ authMethod }: Pick<PartnerSettings, 'authMethod'>): boolean {
  return authMethod === 'client_secret_basic' || authMethod === 'client_secret_post';
}

/**
 * Applies what a request names to the settings as they are, and checks the result as a whole.
 * @param isConfigured whether an appid is one of this service
 * @throws AppError VALIDATION_FAILED
 */
export function applySettings(
  current: PartnerSettings,
  given: GivenSettings,
  isConfigured: (appId: string) => boolean,
): PartnerSettings {
  const keys = keySettings(current, given);
  const settings: PartnerSettings = {
    name: cleanNickname(given.name ?? current.name) ?? '',
    logoUrl: given.logoUrl === undefined ? current.logoUrl : given.logoUrl,
    redirectUris: given.redirectUris ?? current.redirectUris,
    postLogoutRedirectUris: given.postLogoutRedirectUris ?? current.postLogoutRedirectUris,
    scopes: given.scopes ?? current.scopes,
    authMethod: given.authMethod ?? current.authMethod,
    jwks: keys.jwks,
    jwksUri: keys.jwksUri,
    firstParty: given.firstParty ?? current.firstParty,
    subjectType: given.subjectType ?? current.subjectType,
    wechatAppId: given.wechatAppId === undefined ? current.wechatAppId : given.wechatAppId,
    miniProgramAppIds: given.miniProgramAppIds ?? current.miniProgramAppIds,
  };
  const errors = [...keys.errors, ...faults(settings, isConfigured)];
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors });
  return settings;
}

interface KeySettings {
  readonly jwks: PublicKeySet | null;
  readonly jwksUri: string | null;
  readonly errors: readonly FieldError[];
}

/** Keys belong to `private_key_jwt`. Another method drops them; a new set replaces the old one. */
function keySettings(current: PartnerSettings, given: GivenSettings): KeySettings {
  const isUsed = (given.authMethod ?? current.authMethod) === 'private_key_jwt';
  const isGiven = Boolean(given.jwks) || Boolean(given.jwksUri);
  const { jwks, jwksUri } = isGiven
    ? { jwks: given.jwks ?? null, jwksUri: given.jwksUri ?? null }
    : {
        jwks: given.jwks === null ? null : current.jwks,
        jwksUri: given.jwksUri === null ? null : current.jwksUri,
      };
  if (!isUsed) {
    const message = 'belongs to the authMethod private_key_jwt';
    const field = given.jwks ? 'jwks' : 'jwksUri';
    return { jwks: null, jwksUri: null, errors: isGiven ? [{ field, message: `${field} ${message}` }] : [] };
  }
  if ((jwks === null) === (jwksUri === null)) {
    const message = 'private_key_jwt needs either jwks or jwksUri';
    return { jwks, jwksUri, errors: [{ field: 'jwks', message }] };
  }
  const checked = jwks === null ? null : publicKeySet(jwks);
  return Array.isArray(checked) ? { jwks, jwksUri, errors: checked } : { jwks: checked, jwksUri, errors: [] };
}

const REDIRECTS = ['redirectUris', 'postLogoutRedirectUris'] as const;
const HTTPS = { loopback: false, privateUse: false };

function faults(settings: PartnerSettings, isConfigured: (appId: string) => boolean): FieldError[] {
  const { name, scopes, wechatAppId } = settings;
  const found: FieldError[] = [];
  const add = (field: string, message: string) => found.push({ field, message: `${field} ${message}` });
  if (name === '') add('name', 'must have a visible character');
  const rules = { loopback: true, privateUse: settings.authMethod === 'none' };
  const redirects = REDIRECTS.flatMap((field) =>
    settings[field].map((uri, index) => ({ uri, field: `${field}.${index}`, fault: uriFault(uri, rules) })),
  );
  const isNative = redirects.some(({ uri, fault }) => fault === null && isNativeUri(uri));
  for (const { uri, field, fault } of redirects) {
    if (fault !== null) add(field, fault);
    else if (isNative && isSecureLoopback(uri))
      add(field, 'must be http, beside other addresses on the device');
  }
  for (const field of ['logoUrl', 'jwksUri'] as const) {
    const fault = settings[field] === null ? null : uriFault(settings[field], HTTPS);
    if (fault !== null) add(field, fault);
  }
  if (!scopes.includes('openid')) add('scopes', 'must contain openid');
  if (scopes.includes('wechat') && wechatAppId === null) {
    add('wechatAppId', 'must be given for the scope wechat: the app whose openid it reveals');
  }
  if (wechatAppId !== null && !isConfigured(wechatAppId))
    add('wechatAppId', 'must be an app of this service');
  return found;
}
