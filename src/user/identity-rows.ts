import { decided, type Decided, type Loaded, type SelectedRow, Selection } from '../database/columns.js';
import { User, USER_COLUMNS } from './user.entity.js';
import { IDENTITY_COLUMNS, WeChatIdentity } from './wechat-identity.entity.js';

/** An identity with its user: the columns that are `loaded`. Times in milliseconds. */
export interface IdentityOfUser {
  readonly identity: Loaded<WeChatIdentity, Decided<typeof IDENTITY_COLUMNS, 'loaded'>>;
  readonly user: Loaded<User, Decided<typeof USER_COLUMNS, 'loaded'>>;
  /** Active sessions of the identity when it was read for a login; else absent. */
  readonly liveSessions?: number | undefined;
}

const IDENTITY = new Selection(WeChatIdentity, 'i', decided(IDENTITY_COLUMNS, 'loaded'));
const USER = new Selection(User, 'u', decided(USER_COLUMNS, 'loaded'));

/** The column list for identity `i` and user `u`. The caller adds FROM and WHERE. */
export const LOADED_COLUMNS = `${IDENTITY.sql}, ${USER.sql}`;

/** Reads both, and `liveSessions` from an index alone, in one round trip. The caller adds WHERE. */
export const SELECT_IDENTITY_OF_USER = `SELECT ${LOADED_COLUMNS},
  (SELECT COUNT(*) FROM sessions s WHERE s.identity_id = i.id AND s.revoked_at IS NULL) AS live_sessions
  FROM wechat_identities i JOIN users u ON u.id = i.user_id`;

/** Reads a row with `LOADED_COLUMNS`. */
export function toIdentityOfUser(row: SelectedRow): IdentityOfUser {
  const { live_sessions: live } = row;
  return {
    identity: IDENTITY.read(row),
    user: USER.read(row),
    liveSessions: live === undefined ? undefined : Number(live),
  };
}
