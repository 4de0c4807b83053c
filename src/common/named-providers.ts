import { DiscoveryService } from '@nestjs/core';
import { StartFault } from './start-fault.js';

/** A decorator that gives a provider one name or several, made by `nameDecorator`. */
export type NameDecorator<Name extends string> = ReturnType<
  typeof DiscoveryService.createDecorator<Name | readonly Name[]>
>;

/** Makes a class decorator under which `namedProviders` finds the providers of the app. */
export function nameDecorator<Name extends string>(): NameDecorator<Name> {
  return DiscoveryService.createDecorator<Name | readonly Name[]>();
}

/**
 * All providers of the app that carry a decorator, by the names that it gives them. A module that brings one need not
 * be known to whoever looks.
 * @param role what the providers are, for the fault
 * @throws StartFault where two have one name
 */
export function namedProviders<Name extends string, Provider>(
  discovery: DiscoveryService,
  decorator: NameDecorator<Name>,
  role: string,
): ReadonlyMap<Name, Provider> {
  const found = new Map<Name, Provider>();
  for (const wrapper of discovery.getProviders({ metadataKey: decorator.KEY })) {
    const named = discovery.getMetadataByDecorator(decorator, wrapper) ?? [];
    for (const name of typeof named === 'string' ? [named] : named) {
      if (found.has(name)) throw new StartFault(`Two providers are the ${role} of ${name}.`);
      found.set(name, wrapper.instance as Provider);
    }
  }
  return found;
}
