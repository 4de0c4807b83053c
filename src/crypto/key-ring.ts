import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  readonly id: string;
  readonly master: Buffer;
  readonly seal: Buffer;
}

/**
 * The keys of ENCRYPTION_KEYS: seals secrets at rest (AES-256-GCM) and makes macs.
 * The first key seals; every key opens and verifies, so a rotation needs no downtime.
 * No key is used as it is: each purpose has its own, derived by HKDF-SHA256 under its own label (RFC 5869).
 */
export class KeyRing {
  private readonly keys: readonly Key[];
  private readonly current: Key;
  private readonly macKeys = new Map<string, Buffer>();

  /** @param masters 32 bytes each, at least one; the first is the current one */
  constructor(masters: readonly Buffer[]) {
    if (masters.some((key) => key.length !== 32)) throw new RangeError('a key has 32 bytes');
    this.keys = masters.map((master) => ({
      id: derive(master, 'key-id', 6).toString('base64url'),
      master,
      seal: derive(master, 'seal', 32),
    }));
    const [current] = this.keys;
    if (!current) throw new RangeError('a key ring needs a key');
    this.current = current;
  }

  /**
   * Encrypts a secret for storage.
   * @param context where it will stand (`table.column:id`); opening it anywhere else fails
   * @returns `v1.<key id>.<base64url of iv, ciphertext, tag>`
   */
  seal(plaintext: string, context: string): string {
    const key = this.current;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key.seal, iv).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([iv, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${VERSION}.${key.id}.${sealed.toString('base64url')}`;
  }

  /**
   * Decrypts what `seal` made under any key of the ring.
   * @throws SealError when the value is damaged, stands in another place, or its key has left the ring
   */
  open(value: string, context: string): string {
    const [version, id, body] = value.split('.');
    const key = this.keys.find((candidate) => candidate.id === id);
    if (version !== VERSION || body === undefined) throw new SealError('not a sealed value');
    if (!key) throw new SealError(`the key ${String(id)} is not in ENCRYPTION_KEYS`);
    const bytes = Buffer.from(body, 'base64url');
    if (bytes.length < IV_BYTES + TAG_BYTES) throw new SealError('a sealed value is too short');
    const decipher = createDecipheriv('aes-256-gcm', key.seal, bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return (
        decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    } catch {
      throw new SealError('a sealed value is damaged or stands in another place');
    }
  }

  /** Whether a value was sealed under the current key; others are sealed again in time. */
  isCurrent(value: string): boolean {
    return value.startsWith(this.currentPrefix);
  }

  /** What every value begins with that was sealed under the current key. */
  get currentPrefix(): string {
    return `${VERSION}.${this.current.id}.`;
  }

  /** Whether there are older keys, whose values have to be sealed again before they can go. */
  get isRotating(): boolean {
    return this.keys.length > 1;
  }

  /** HMAC-SHA256 of a message under the current key's derivation for the label, base64url. */
  mac(label: string, message: string): string {
    return hmac(this.derived(label, this.current), message).toString('base64url');
  }

  /** Whether a mac was made under any key of the ring. Takes the same time wherever it differs. */
  verifyMac(label: string, message: string, mac: string): boolean {
    const given = Buffer.from(mac, 'base64url');
    let valid = false;
    for (const key of this.keys) {
      const expected = hmac(this.derived(label, key), message);
      valid = (given.length === expected.length && timingSafeEqual(given, expected)) || valid;
    }
    return valid && given.toString('base64url') === mac;
  }

  private derived(label: string, key: Key): Buffer {
    const name = `${key.id}:${label}`;
    const known = this.macKeys.get(name);
    if (known) return known;
    const made = derive(key.master, label, 32);
    this.macKeys.set(name, made);
    return made;
  }
}

/** A sealed value cannot be opened. Says why, never what. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

function derive(master: Buffer, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `wechat-auth/${label}/${VERSION}`, bytes));
}

function hmac(key: Buffer, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
