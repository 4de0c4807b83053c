import type { Migration, Schema } from './schema.js';

/** Adds which version of the terms a user accepted last, so that each version is recorded once. */
export class KeepAcceptedTerms1764410000000 implements Migration {
  readonly name = 'KeepAcceptedTerms1764410000000';

  async forward(schema: Schema): Promise<void> {
    await schema.addColumn('users', 'accepted_terms', `${schema.types.ascii(64)} NULL`);
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropColumn('users', 'accepted_terms');
  }
}
