import type { PayEnv } from '../../state/pay-keys.js';
import { Refusal } from '../errors.js';
import { badParameter } from './refusals.js';

/** The fields of a body of `/xpay/*`; one that is absent or of another type is 268490002 (section 13.10). */
export class XpayBody {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  env(): PayEnv {
    const env = this.values.env;
    if (env !== 0 && env !== 1) throw badParameter('env');
    return env;
  }

  text(name: string): string {
    const value = this.values[name];
    if (typeof value !== 'string' || value === '') throw badParameter(name);
    return value;
  }

  /** One of these words. */
  oneOf(name: string, words: readonly string[]): string {
    const value = this.text(name);
    if (!words.includes(value)) throw badParameter(name);
    return value;
  }

  /** A whole number. */
  integer(name: string, least: number): number {
    const value = this.values[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) throw badParameter(name);
    return value;
  }

  /** The number of an order: the merchant's `order_id` or WeChat's `wx_order_id`. */
  order(): OrderNumber {
    const { order_id: own, wx_order_id: weChats } = this.values;
    if (typeof own === 'string' && own !== '') return { orderId: own };
    if (typeof weChats === 'string' && weChats !== '') return { wxOrderId: weChats };
    throw badParameter('order_id');
  }

  /** A JSON array inside of a string (section 13.3). */
  jsonList(name: string): void {
    try {
      if (Array.isArray(JSON.parse(this.text(name)))) return;
    } catch (error) {
      if (error instanceof Refusal) throw error;
    }
    throw badParameter(name);
  }
}

/** Which of its numbers names an order. */
export type OrderNumber = { orderId: string } | { wxOrderId: string };
