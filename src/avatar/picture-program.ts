import { fileURLToPath } from 'node:url';
import { DECODING_MS, FETCH_MS } from './picture-limits.js';

/** The program of the picture process. Injected, so that a test can start another one. */
export class PictureProgram {
  /**
   * @param path of a file that Node runs
   * @param decodingMs limit for decoding one picture (ms)
   * @param fetchMs limit for fetching one (ms)
   */
  constructor(
    readonly path = fileURLToPath(new URL('./program/main.js', import.meta.url)),
    readonly decodingMs = DECODING_MS,
    readonly fetchMs = FETCH_MS,
  ) {}
}
