export type { ErrorCode } from '../../shared/api.js';
