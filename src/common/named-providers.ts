import { DiscoveryService } from '@nestjs/core';
import { StartFault } from './start-fault.js';

/** A decorator, made by `nameDecorator`, that gives a provider one or several names. */
export type NameDecorator<Name extends string> = ReturnType<
  typeof DiscoveryService.createDecorator<Name | readonly Name[]>
>;

/** Creates a class decorator. `namedProviders` finds the providers that carry it. */
export function nameDecorator<Name extends string>(): NameDecorator<Name> {
  return DiscoveryService.createDecorator<Name | readonly Name[]>();
}

/**
 * Returns all providers of the app that carry a decorator, by name. The caller does not need to import their
 * modules.
 * @param role what the providers are, for the error message
 * @throws StartFault if two providers have the same name
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
