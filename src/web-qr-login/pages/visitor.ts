/**
 * The kind of browser, as far as it matters to a WeChat login:
 * - `wechat`: WeChat's browser, in which WeChat's consent page opens
 * - `web-view`: a `<web-view>` of a mini program; the mini program logs in
 * - `phone`: another browser on a phone, which cannot scan its own screen
 * - `desk`: a computer or tablet, whose screen a phone can scan
 */
export type Visitor = 'wechat' | 'web-view' | 'phone' | 'desk';

/**
 * The kind of browser by its User-Agent (wechat-api.md section 5: `MicroMessenger`). WeCom sends MicroMessenger too, but
 * WeChat's consent page does not open there. In a `<web-view>` WeChat adds `miniProgram`.
 */
export function visitorOf(userAgent: string | undefined): Visitor {
  const agent = userAgent ?? '';
  if (/MicroMessenger/i.test(agent) && !/wxwork/i.test(agent)) {
    return agent.includes('miniProgram') ? 'web-view' : 'wechat';
  }
  return /Mobile|iPhone|iPod/i.test(agent) && !/iPad|Tablet/i.test(agent) ? 'phone' : 'desk';
}
