import { decryptPush, signPush } from './crypto.js';
import type { PushFormat } from './fields.js';
import type { PushManner } from './letter.js';
import type { RetryPlan } from './plan.js';

/** What a receiver answered; no status: nothing, or not in time. */
export interface PushAnswer {
  status: number | null;
  body: string;
}

/** Whether WeChat is content with an answer, by the plan of the push (sections 13.4, 15.2). */
export function isTaken({ status, body }: PushAnswer, { takes }: RetryPlan, manner: PushManner): boolean {
  if (status !== 200) return false;
  if (takes === 'status') return true;
  if (errCode(body, manner.format) === '0') return true;
  const opened = manner.mode === 'plain' ? null : decrypted(body, manner);
  return opened !== null && errCode(opened, manner.format) === '0';
}

/** The message of an encrypted answer, whose signature WeChat checks (section 15.4); else null. */
function decrypted(body: string, { format, token, aesKey }: PushManner): string | null {
  const read = (name: string) => field(body, name, format) ?? '';
  const encrypted = read('Encrypt');
  const isSigned =
    encrypted !== '' && signPush(token, read('TimeStamp'), read('Nonce'), encrypted) === read('MsgSignature');
  return isSigned ? decryptPush(encrypted, aesKey) : null;
}

function errCode(body: string, format: PushFormat): string | null {
  return field(body, 'ErrCode', format);
}

/** A top-level field, as text. */
function field(body: string, name: string, format: PushFormat): string | null {
  if (format === 'xml') {
    const match = new RegExp(`<${name}>\\s*(?:<!\\[CDATA\\[(.*?)\\]\\]>|([^<]*?))\\s*</${name}>`, 's').exec(
      body,
    );
    return match ? (match[1] ?? match[2] ?? '') : null;
  }
  try {
    const value: unknown = JSON.parse(body);
    const found = Object.entries(value ?? {}).find(([key]) => key === name)?.[1] as unknown;
    return typeof found === 'string' || typeof found === 'number' ? String(found) : null;
  } catch {
    return null;
  }
}
