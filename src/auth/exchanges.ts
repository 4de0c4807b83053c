import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type ChannelName, channelOf, channels } from '../channel/channels.js';
import { StartFault } from '../common/start-fault.js';
import { type CodeExchange, Exchange } from './exchange.js';

/** Finds the exchange of a channel by its name, so that a new channel changes nothing here or in the strategy. */
@Injectable()
export class Exchanges implements OnModuleInit {
  private readonly byChannel = new Map<ChannelName, CodeExchange>();

  constructor(private readonly discovery: DiscoveryService) {}

  /**
   * Collects the providers that are marked with `@Exchange`.
   * @throws StartFault where a channel with codes has no exchange, or two, or where one is for a channel without codes
   */
  onModuleInit(): void {
    for (const provider of this.discovery.getProviders({ metadataKey: Exchange.KEY })) {
      const names = this.discovery.getMetadataByDecorator(Exchange, provider) ?? [];
      for (const name of [names].flat()) this.add(name, provider.instance as CodeExchange);
    }
    const without = channels().find(({ name, hasExchange }) => hasExchange && !this.byChannel.has(name));
    if (without) throw new StartFault(`The channel ${without.name} has no provider with @Exchange.`);
  }

  /** The exchange of a channel that has codes. */
  of(name: ChannelName): CodeExchange {
    const exchange = this.byChannel.get(name);
    if (!exchange) throw new Error(`the channel ${name} has no codes`);
    return exchange;
  }

  private add(name: ChannelName, exchange: CodeExchange): void {
    if (!channelOf(name).hasExchange) throw new StartFault(`The channel ${name} has no codes to exchange.`);
    if (this.byChannel.has(name)) throw new StartFault(`The channel ${name} has two exchanges.`);
    this.byChannel.set(name, exchange);
  }
}
