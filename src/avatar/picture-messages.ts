import { constants } from 'node:os';
import type { ForwardProxy } from '../outgoing/http-client.js';
import type { AvatarFaultReason } from './avatar-fault.js';
import type { EncodedAvatar } from './avatar-sizes.js';

/**
 * With it the process ends itself where a picture takes too much of the processor, so that the service can tell that
 * from a kill. It writes no core file, which SIGXCPU would. Windows has no such signal.
 */
export const CPU_LIMIT_SIGNAL: NodeJS.Signals = 'SIGVTALRM' in constants.signals ? 'SIGVTALRM' : 'SIGKILL';

/** What the picture process has to know of the settings. */
export interface PictureSettings {
  /** Beside WeChat's servers, from where pictures may be fetched. */
  readonly sandboxOrigin: string | null;
  readonly proxy: ForwardProxy | null;
}

/** One picture: to fetch from WeChat and encode, or to encode as a person sent it. */
export type PictureOrder =
  { readonly kind: 'copy'; readonly url: string } | { readonly kind: 'encode'; readonly bytes: Buffer };

/** To the picture process. */
export type PictureRequest =
  | { readonly kind: 'settings'; readonly settings: PictureSettings; readonly fetchMs: number }
  | { readonly kind: 'order'; readonly id: number; readonly order: PictureOrder }
  | { readonly kind: 'cancel'; readonly id: number };

/** From the picture process. */
export type PictureReply =
  | { readonly kind: 'ready' }
  /** It cannot work, for example because a library is missing. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** The picture is given to the decoder: if the process ends before the next reply about it, it is to blame. */
  | { readonly kind: 'decoding'; readonly id: number }
  | { readonly kind: 'done'; readonly id: number; readonly pictures: readonly EncodedAvatar[] }
  | {
      readonly kind: 'fault';
      readonly id: number;
      readonly reason: AvatarFaultReason;
      readonly detail?: string | undefined;
    };
