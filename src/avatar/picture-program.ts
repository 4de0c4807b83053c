import { fileURLToPath } from 'node:url';

/** The program of the picture process. Injected, so that a test can start another one. */
export class PictureProgram {
  /**
   * @param path of a file that Node runs
   * @param decodingMs limit for decoding one picture (ms): long, because the process gets what others leave of the processor
   */
  constructor(
    readonly path = fileURLToPath(new URL('./program/main.js', import.meta.url)),
    readonly decodingMs = 20_000,
  ) {}
}
