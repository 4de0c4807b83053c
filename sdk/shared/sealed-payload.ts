/** Who has sealed a payload: what one side has sealed is never taken for the other's. */
export type Sender = 'client' | 'server';

/** Which user encryption key was used: WeChat numbers the keys of a person. */
export interface KeyName {
  readonly version: number;
  /** The 16 characters that WeChat gives with the key. */
  readonly iv: string;
}

/** Bytes. */
export const NONCE_LENGTH = 12;
export const TAG_LENGTH = 16;

/** What the cipher authenticates beside the payload, in ASCII. */
export const additionalData = (sender: Sender, { version, iv }: KeyName): string =>
  `1.${sender}.${version}.${iv}`;

/** @param body base64url of nonce, ciphertext and tag */
export const sealedText = (version: number, body: string): string => `1.${version}.${body}`;

/** The parts of a sealed payload; nothing where it has another form. */
export function partsOfSealed(
  sealed: unknown,
): { readonly version: number; readonly body: string } | undefined {
  const [, version, body] = /^1\.(\d{1,15})\.([\w-]{38,})$/.exec(sealed as string) || [];
  return body ? { version: Number(version), body } : undefined;
}
