import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type ChannelName, channelOf, channels } from '../channel/channels.js';
import { namedProviders } from '../common/named-providers.js';
import { StartFault } from '../common/start-fault.js';
import { type CodeExchange, Exchange } from './exchange.js';

/** Finds the exchange of a channel by name, so that a new channel changes nothing here or in the strategy. */
@Injectable()
export class Exchanges implements OnModuleInit {
  private byChannel: ReadonlyMap<ChannelName, CodeExchange> = new Map();

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws StartFault if a channel with codes has no exchange or two, or if one without codes has one */
  onModuleInit(): void {
    this.byChannel = namedProviders(this.discovery, Exchange, 'exchange');
    for (const name of this.byChannel.keys()) {
      if (!channelOf(name).hasExchange) throw new StartFault(`The channel ${name} has no codes to exchange.`);
    }
    const missing = channels().find(({ name, hasExchange }) => hasExchange && !this.byChannel.has(name));
    if (missing) throw new StartFault(`No provider is the exchange of ${missing.name}.`);
  }

  /** Returns the exchange of a channel that has codes. */
  of(name: ChannelName): CodeExchange {
    const exchange = this.byChannel.get(name);
    if (!exchange) throw new Error(`the channel ${name} has no codes`);
    return exchange;
  }
}
