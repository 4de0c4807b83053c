import type Library from 'oidc-provider';
import type { errors as LibraryErrors, interactionPolicy as LibraryPolicy } from 'oidc-provider';
// The main entry point warns on stderr under Node.js 20, which runs it well (docs/decisions/056).
import { Provider as Implementation } from 'oidc-provider/lib/provider.js';
import * as implementationErrors from 'oidc-provider/lib/helpers/errors.js';
import * as implementationPolicy from 'oidc-provider/lib/helpers/interaction_policy/index.js';

/** node-oidc-provider. */
export const Provider = Implementation as typeof Library;
export type Provider = Library;

/** The errors of OAuth that it answers with. */
export const errors = implementationErrors as unknown as typeof LibraryErrors;

/** When a request needs the person. */
export const interactionPolicy = implementationPolicy as unknown as typeof LibraryPolicy;
