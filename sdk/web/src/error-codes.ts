/**
 * Codes of this package; all others are those of the service (docs/errors.md), or `HTTP_<status>` for an answer that is
 * not the service's.
 */
export type SdkErrorCode =
  'NETWORK_FAILED' | 'TIMEOUT' | 'ABORTED' | 'STORAGE_UNAVAILABLE' | 'INSECURE_CONTEXT' | 'NOT_IN_WECHAT';
