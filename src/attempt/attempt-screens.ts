import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { ATTEMPT_METHODS, type AttemptMethod } from '../channel/channels.js';
import { namedProviders } from '../common/named-providers.js';
import { StartFault } from '../common/start-fault.js';
import { type AttemptScreen, ShowsAttempt } from './attempt-screen.js';

/** Finds the screen of an attempt method by name. */
@Injectable()
export class AttemptScreens implements OnModuleInit {
  private byMethod: ReadonlyMap<AttemptMethod, AttemptScreen> = new Map();

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws StartFault if a method has no screen, or two */
  onModuleInit(): void {
    this.byMethod = namedProviders(this.discovery, ShowsAttempt, 'screen');
    const missing = ATTEMPT_METHODS.find((method) => !this.byMethod.has(method));
    if (missing) throw new StartFault(`No provider is the screen of ${missing}.`);
  }

  /** Returns the screen of a method. */
  of(method: AttemptMethod): AttemptScreen {
    const screen = this.byMethod.get(method);
    if (!screen) throw new Error(`the method ${method} has no screen`);
    return screen;
  }
}
