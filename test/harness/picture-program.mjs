// The picture process as it stands in src/, at the priority of the tests, which wait for it.
import module from 'node:module';
import * as typescript from '../runner/typescript.mjs';

if (module.registerHooks) module.registerHooks(typescript);
else module.register('../runner/typescript.mjs', import.meta.url);

const { serve } = await import('../../src/avatar/program/serve.ts');
serve(() => undefined);
