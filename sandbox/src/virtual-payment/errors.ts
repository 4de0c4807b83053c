/** A client error of wx.requestVirtualPayment (section 13.2). */
export class PaymentFailure extends Error {
  constructor(
    readonly code: PaymentFailureCode,
    /** In place of the word of the code. */
    readonly text: string = WORDS[code],
  ) {
    super(text);
  }
}

// SIGNATURE_INVALID was seen at WeChat; the other words are made after it.
const WORDS = {
  1001: 'PARAMETER_MISSING',
  [-15001]: 'PARAMETER_INVALID',
  [-15002]: 'OUT_TRADE_NO_USED',
  [-15004]: 'CURRENCY_TYPE_INVALID',
  [-15005]: 'SIGNATURE_INVALID',
  [-15006]: 'PAY_SIG_INVALID',
  [-15007]: 'SESSION_KEY_EXPIRED',
  [-15009]: 'COIN_NOT_PUBLISHED',
  [-15010]: 'PRODUCT_NOT_PUBLISHED',
  [-15011]: 'ENV_INVALID',
  // The person closed the window; the text is inferred (section 13.2).
  [-15012]: 'cancel',
  [-15013]: 'GOODS_PRICE_INVALID',
  [-15016]: 'SIGN_DATA_INVALID',
} as const;

export type PaymentFailureCode = keyof typeof WORDS;

/** The object that the mini program's callback gets. */
export interface PaymentResult {
  errMsg: string;
  errno: number;
  errCode: number;
}

/** Of a failure; null: of a success. */
export function paymentResult(failure: PaymentFailure | null): PaymentResult {
  const code = failure?.code ?? 0;
  const outcome = failure ? `fail ${failure.text}` : 'ok';
  return { errMsg: `requestVirtualPayment:${outcome}`, errno: code, errCode: code };
}
