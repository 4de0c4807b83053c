import { lazyPackage } from '../../common/lazy-package.js';
import type Library from 'oidc-provider';
import type { errors as LibraryErrors, interactionPolicy as LibraryPolicy } from 'oidc-provider';

/** node-oidc-provider. Like the others here, it is there once `loadLibrary` has resolved: `OpenIdProvider` calls it. */
export let Provider: typeof Library;
export type Provider = Library;

/** The errors of OAuth that it answers with. */
export let errors: typeof LibraryErrors;

/** When a request needs the person. */
export let interactionPolicy: typeof LibraryPolicy;

// The main entry point warns on stderr under Node.js 20, which runs it well (docs/decisions/056).
const provider = lazyPackage('oidc-provider/lib/provider.js') as () => { readonly Provider: typeof Library };
const ofErrors = lazyPackage('oidc-provider/lib/helpers/errors.js') as () => typeof LibraryErrors;
const policy = lazyPackage(
  'oidc-provider/lib/helpers/interaction_policy/index.js',
) as () => typeof LibraryPolicy;

/**
 * Loads the library, at the first request of a partner: services without partners save its memory and a part of their
 * start (docs/decisions/066-a-start-loads-what-it-needs.md).
 */
export function loadLibrary(): void {
  Provider = provider().Provider;
  errors = ofErrors();
  interactionPolicy = policy();
}
