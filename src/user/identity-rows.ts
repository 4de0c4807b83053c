import { fromSqlTime, type SqlTime } from '../database/sql-time.js';
import type { AppKind } from '../channel/app-kinds.js';
import type { UserStatus } from './user.entity.js';

/** An identity with its user, as the way of a login needs them. Times in ms. */
export interface IdentityOfUser {
  readonly identity: {
    readonly id: string;
    readonly appId: string;
    readonly appKind: AppKind;
    readonly openId: string;
    readonly unionId: string | null;
    readonly createdAt: number;
    readonly lastLoginAt: number | null;
    /** Sealed. */
    readonly sessionKey: string | null;
  };
  readonly user: {
    readonly id: string;
    readonly nickname: string | null;
    readonly avatarKey: string | null;
    readonly phoneNumber: string | null;
    readonly status: UserStatus;
    readonly createdAt: number;
    readonly lastLoginAt: number | null;
  };
}

/** One row of `SELECT_IDENTITY_OF_USER`. */
export interface IdentityRow {
  identity_id: string;
  app_id: string;
  app_kind: AppKind;
  open_id: string;
  union_id: string | null;
  identity_created_at: SqlTime;
  identity_last_login_at: SqlTime | null;
  session_key: string | null;
  user_id: string;
  nickname: string | null;
  avatar_key: string | null;
  phone_number: string | null;
  status: UserStatus;
  user_created_at: SqlTime;
  user_last_login_at: SqlTime | null;
}

/** Columns of identity `i` and user `u`; whoever selects them brings FROM and WHERE. */
export const IDENTITY_COLUMNS = `i.id AS identity_id, i.app_id, i.app_kind, i.open_id, i.union_id,
  i.created_at AS identity_created_at, i.last_login_at AS identity_last_login_at, i.session_key,
  u.id AS user_id, u.nickname, u.avatar_key, u.phone_number, u.status,
  u.created_at AS user_created_at, u.last_login_at AS user_last_login_at`;

/** Both in one round trip. */
export const SELECT_IDENTITY_OF_USER = `SELECT ${IDENTITY_COLUMNS}
  FROM wechat_identities i JOIN users u ON u.id = i.user_id`;

/** A row as the objects it holds. */
export function toIdentityOfUser(row: IdentityRow): IdentityOfUser {
  return {
    identity: {
      id: row.identity_id,
      appId: row.app_id,
      appKind: row.app_kind,
      openId: row.open_id,
      unionId: row.union_id,
      createdAt: fromSqlTime(row.identity_created_at),
      lastLoginAt: row.identity_last_login_at === null ? null : fromSqlTime(row.identity_last_login_at),
      sessionKey: row.session_key,
    },
    user: {
      id: row.user_id,
      nickname: row.nickname,
      avatarKey: row.avatar_key,
      phoneNumber: row.phone_number,
      status: row.status,
      createdAt: fromSqlTime(row.user_created_at),
      lastLoginAt: row.user_last_login_at === null ? null : fromSqlTime(row.user_last_login_at),
    },
  };
}
