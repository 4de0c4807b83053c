import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  readonly id: string;
  readonly master: Buffer;
  readonly seal: KeyObject;
}

/**
 * The keys of ENCRYPTION_KEYS. Seals secrets at rest (authenticated encryption, AES-256-GCM) and computes
 * MACs. The first key seals; every key can open and verify, so a key rotation needs no downtime. Keys are not
 * used directly: each purpose has its own key, derived by HKDF-SHA256 with its own label (RFC 5869).
 *
 * The derived keys are KeyObjects: with bytes as the key, Node 24 spends several times as long.
 */
export class KeyRing {
  private readonly keys: readonly Key[];
  private readonly current: Key;
  private readonly macKeys = new Map<string, KeyObject>();

  /** @param masters 32 bytes each, at least one; the first is the current key */
  constructor(masters: readonly Buffer[]) {
    if (masters.some((key) => key.length !== 32)) throw new RangeError('a key has 32 bytes');
    this.keys = masters.map((master) => ({
      id: derive(master, 'key-id', 6).toString('base64url'),
      master,
      seal: createSecretKey(derive(master, 'seal', 32)),
    }));
    const [current] = this.keys;
    if (!current) throw new RangeError('a key ring needs a key');
    this.current = current;
  }

  /**
   * Encrypts a secret for storage.
   * @param context where the value is stored (`table.column:id`), as additional authenticated data: with
   * another context `open` fails
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
   * Decrypts a value that `seal` encrypted with any key of the ring.
   * @throws SealError if the value is damaged, the context differs, or the key is no longer in the ring
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

  /** A sealed value under the current key; `null` if no key of the ring opens it. */
  resealed(value: string, context: string): string | null {
    if (this.isCurrent(value)) return value;
    try {
      return this.seal(this.open(value, context), context);
    } catch (error) {
      if (error instanceof SealError) return null;
      throw error;
    }
  }

  /** Whether a value was sealed with the current key. Other values are re-encrypted in the background. */
  isCurrent(value: string): boolean {
    return value.startsWith(this.currentPrefix);
  }

  /** The prefix of all values that were sealed with the current key. */
  get currentPrefix(): string {
    return `${VERSION}.${this.current.id}.`;
  }

  /** Whether there are older keys. Their values must be re-encrypted before the keys are removed. */
  get isRotating(): boolean {
    return this.keys.length > 1;
  }

  /** HMAC-SHA256 of a message, base64url. The key is derived from the current key for the label. */
  mac(label: string, message: string): string {
    return hmac(this.derived(label, this.current), message).toString('base64url');
  }

  /** The MACs of a message under every key of the ring, that of the current key first. */
  macs(label: string, message: string): string[] {
    return this.keys.map((key) => hmac(this.derived(label, key), message).toString('base64url'));
  }

  /** Whether a MAC was computed with any key of the ring. Constant-time comparison. */
  verifyMac(label: string, message: string, mac: string): boolean {
    const given = Buffer.from(mac, 'base64url');
    let valid = false;
    for (const key of this.keys) {
      const expected = hmac(this.derived(label, key), message);
      valid = (given.length === expected.length && timingSafeEqual(given, expected)) || valid;
    }
    return valid && given.toString('base64url') === mac;
  }

  private derived(label: string, key: Key): KeyObject {
    const name = `${key.id}:${label}`;
    const known = this.macKeys.get(name);
    if (known) return known;
    const made = createSecretKey(derive(key.master, label, 32));
    this.macKeys.set(name, made);
    return made;
  }
}

/** A sealed value cannot be opened. The message gives the reason, never the value. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

function derive(master: Buffer, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `wechat-auth/${label}/${VERSION}`, bytes));
}

function hmac(key: KeyObject, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
