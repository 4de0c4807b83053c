import { Entity } from 'typeorm';
import { StoredKey } from './signing-key.entity.js';

/** A key pair that signs ID tokens for partners (RS256). It never verifies an access token. */
@Entity('partner_signing_keys')
export class PartnerSigningKey extends StoredKey {}
