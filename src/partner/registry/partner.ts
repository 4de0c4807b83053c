import type { JsonWebKey } from 'node:crypto';
import { type ColumnName, type Loaded, type SelectedRow, Selection } from '../../database/columns.js';
import { type AuthMethod, PartnerRow, type SubjectType } from './partner.entity.js';

/** The scopes that a partner may ask for (OpenID Connect Core, section 5.4; `wechat` is ours). */
export const SCOPES = ['openid', 'profile', 'phone', 'offline_access', 'wechat'] as const;
export type Scope = (typeof SCOPES)[number];

/** Whether a text names a scope of this service. */
export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** A JSON Web Key Set (RFC 7517, section 5) of public keys. */
export interface PublicKeySet {
  readonly keys: readonly JsonWebKey[];
}

/** A partner app, as it was registered. Times in milliseconds. */
export interface Partner {
  /** The `client_id`. */
  readonly id: string;
  readonly name: string;
  readonly logoUrl: string | null;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly scopes: readonly Scope[];
  readonly authMethod: AuthMethod;
  /** `fingerprint` of the secret; `null` for methods without one. */
  readonly secretHash: string | null;
  readonly jwks: PublicKeySet | null;
  readonly jwksUri: string | null;
  /** Belongs to the operator: people are not asked for consent. */
  readonly firstParty: boolean;
  readonly subjectType: SubjectType;
  /** The app whose openid the scope `wechat` reveals. */
  readonly wechatAppId: string | null;
  readonly miniProgramAppIds: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The columns that operators fill: those of `toColumns`, in its order. */
export const SETTING_COLUMNS = [
  'name',
  'logo_url',
  'redirect_uris',
  'post_logout_redirect_uris',
  'scopes',
  'auth_method',
  'secret_hash',
  'jwks',
  'jwks_uri',
  'first_party',
  'subject_type',
  'wechat_app_id',
  'mini_program_app_ids',
] as const satisfies readonly ColumnName<PartnerRow>[];
const LOADED = ['id', ...SETTING_COLUMNS, 'created_at', 'updated_at'] as const;

const PARTNER = new Selection(PartnerRow, 'p', LOADED);

/** The columns of `partners p` that {@link toPartner} reads. */
export const PARTNER_COLUMNS = PARTNER.sql;

/** Reads a partner from a row of `PARTNER_COLUMNS`. */
export function toPartner(row: SelectedRow): Partner {
  const loaded: Loaded<PartnerRow, (typeof LOADED)[number]> = PARTNER.read(row);
  return {
    ...loaded,
    redirectUris: JSON.parse(loaded.redirectUris) as string[],
    postLogoutRedirectUris: JSON.parse(loaded.postLogoutRedirectUris) as string[],
    scopes: loaded.scopes.split(' ') as Scope[],
    jwks: loaded.jwks === null ? null : (JSON.parse(loaded.jwks) as PublicKeySet),
    // A boolean is 0 or 1 in both databases.
    firstParty: Number(loaded.firstParty) === 1,
    miniProgramAppIds: JSON.parse(loaded.miniProgramAppIds) as string[],
  };
}

/** The values of `SETTING_COLUMNS`, as they are stored. */
export function toColumns(partner: Partner): (string | number | null)[] {
  return [
    partner.name,
    partner.logoUrl,
    JSON.stringify(partner.redirectUris),
    JSON.stringify(partner.postLogoutRedirectUris),
    partner.scopes.join(' '),
    partner.authMethod,
    partner.secretHash,
    partner.jwks === null ? null : JSON.stringify(partner.jwks),
    partner.jwksUri,
    partner.firstParty ? 1 : 0,
    partner.subjectType,
    partner.wechatAppId,
    JSON.stringify(partner.miniProgramAppIds),
  ];
}
