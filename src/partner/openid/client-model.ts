import type { AdapterPayload } from 'oidc-provider';
import type { PartnerRegistry } from '../registry/partner-registry.js';
import { clientMetadata } from './client-metadata.js';
import { ModelAdapter } from './model-adapter.js';

/** Partners as clients. Operators change them, the provider only reads. */
export class ClientAdapter extends ModelAdapter {
  constructor(private readonly registry: PartnerRegistry) {
    super();
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const partner = await this.registry.find(id);
    return partner ? clientMetadata(partner) : undefined;
  }
}
