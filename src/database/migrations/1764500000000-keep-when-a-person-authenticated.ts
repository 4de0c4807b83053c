import type { Migration, Schema } from './schema.js';

/**
 * Adds the time of the login behind a session that was opened later, without another login at WeChat. Rows of
 * earlier versions were opened by the login itself and have none.
 */
export class KeepWhenAPersonAuthenticated1764500000000 implements Migration {
  readonly name = 'KeepWhenAPersonAuthenticated1764500000000';

  async forward(schema: Schema): Promise<void> {
    await schema.addColumn('sessions', 'authenticated_at', `${schema.types.time} NULL`);
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropColumn('sessions', 'authenticated_at');
  }
}
