import { Refusal } from '../errors.js';

/*
 * Errcodes of `/xpay/*` (section 13.3). The texts of signatures were seen at WeChat; the others are made after them.
 */

export const badParameter = (name: string): Refusal => new Refusal(268490002, `参数错误[${name}]`);
export const paySigMissing = (): Refusal => new Refusal(268490003, '签名字段[pay_sig]为空');
export const signatureMissing = (): Refusal => new Refusal(268490003, '签名字段[signature]为空');
export const paySigWrong = (): Refusal => new Refusal(268490003, '支付签名(pay_sig)校验失败');
export const signatureWrong = (): Refusal => new Refusal(268490003, '签名校验失败');
export const openidWrong = (): Refusal => new Refusal(268490001, 'openid错误');
export const repeated = (): Refusal => new Refusal(268490004, '重复操作');
export const balanceInsufficient = (): Refusal => new Refusal(268490006, '余额不足');
export const sessionKeyExpired = (): Refusal => new Refusal(268490009, 'session_key不存在或已过期');
export const leftFeeWrong = (): Refusal => new Refusal(268490016, '剩余金额不符');
