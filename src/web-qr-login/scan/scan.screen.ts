import { Injectable } from '@nestjs/common';
import {
  type AttemptDisplay,
  type AttemptScreen,
  type NewAttempt,
  ShowsAttempt,
} from '../../attempt/attempt-screen.js';
import { QrPictures } from './qr-pictures.js';

/** Shows a mini program code for attempts that are scanned. */
@Injectable()
@ShowsAttempt('mini-program')
export class ScanScreen implements AttemptScreen {
  constructor(private readonly pictures: QrPictures) {}

  async show({ appId, ...begun }: NewAttempt): Promise<AttemptDisplay> {
    return { qrImageUrl: await this.pictures.offer(appId, begun) };
  }
}
