import type { PayEnv } from '../state/pay-keys.js';
import { PaymentFailure } from './errors.js';

/** An item, or tokens (section 13.2). */
export const PAYMENT_MODES = ['short_series_goods', 'short_series_coin'] as const;
export type PaymentMode = (typeof PAYMENT_MODES)[number];

/** The content of `signData`. Prices are in fen. */
export interface SignData {
  quantity: number;
  env: PayEnv;
  outTradeNo: string;
  attach: string;
  /** In goods mode. */
  productId: string;
  goodsPrice: number;
  /** A lower price of one, for a campaign. */
  sellingPrice: number | null;
}

const TRADE_NUMBER = /^[0-9A-Za-z\-|*@][0-9A-Za-z_\-|*@]{7,31}$/;
/** Of the published price (section 13.2). */
const LEAST_SELLING_PRICE = 0.4;

/** Reads `signData`, in the order of the codes of section 13.2. @throws PaymentFailure */
export function readSignData(text: string, mode: PaymentMode): SignData {
  const fields = new SignDataFields(text);
  fields.text('offerId');
  const quantity = fields.number('buyQuantity');
  const currencyType = fields.text('currencyType');
  const outTradeNo = fields.text('outTradeNo');
  const attach = fields.text('attach');
  const env = fields.optional('env') ?? 0;
  const isGoods = mode === 'short_series_goods';
  const productId = isGoods ? fields.text('productId') : '';
  const goodsPrice = isGoods ? fields.number('goodsPrice') : 0;
  const sellingPrice = isGoods ? fields.optional('activitySellingPrice') : null;
  if (env !== 0 && env !== 1) throw new PaymentFailure(-15001, 'field "env" must be 0 or 1');
  if (currencyType !== 'CNY') throw new PaymentFailure(-15004);
  if (!Number.isSafeInteger(quantity) || quantity < 1) {
    throw new PaymentFailure(-15001, 'field "buyQuantity" must be a positive integer');
  }
  if (!TRADE_NUMBER.test(outTradeNo)) throw new PaymentFailure(-15001, 'field "outTradeNo" is malformed');
  const least = goodsPrice * LEAST_SELLING_PRICE;
  if (sellingPrice !== null && !(sellingPrice >= least && sellingPrice <= goodsPrice)) {
    throw new PaymentFailure(-15001, 'field "activitySellingPrice" is out of range');
  }
  return { quantity, env, outTradeNo, attach, productId, goodsPrice, sellingPrice };
}

/** The fields of the JSON, each of its type. */
class SignDataFields {
  private readonly values: ReadonlyMap<string, unknown>;

  constructor(text: string) {
    this.values = new Map(Object.entries(objectOf(text)));
  }

  text(name: string): string {
    const value = this.required(name);
    if (typeof value === 'string') return value;
    // The text that WeChat's client shows for an offerId without quotes (section 13.1, rule 5).
    throw new PaymentFailure(-15016, `field "${name}" doesn't expect an uint32 value`);
  }

  number(name: string): number {
    const value = this.required(name);
    if (typeof value === 'number') return value;
    throw new PaymentFailure(-15016, `field "${name}" expects a number`);
  }

  optional(name: string): number | null {
    return this.values.get(name) === undefined ? null : this.number(name);
  }

  private required(name: string): unknown {
    const value = this.values.get(name);
    if (value === undefined || value === null) throw new PaymentFailure(1001, `field "${name}" is missing`);
    return value;
  }
}

function objectOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Text that is no JSON is refused like JSON that is no object.
  }
  throw new PaymentFailure(-15016);
}
