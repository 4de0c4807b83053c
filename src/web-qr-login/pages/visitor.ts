/**
 * Where a page is open, as far as a WeChat login cares:
 * - `wechat`: WeChat's own browser, where the person can be recognised
 * - `web-view`: a page inside a mini program, which has its own way to log in
 * - `phone`: another browser on a phone, which cannot scan its own screen
 * - `desk`: what a phone can scan: computers and tablets
 */
export type Visitor = 'wechat' | 'web-view' | 'phone' | 'desk';

/**
 * Reads it off the User-Agent (wechat-api.md section 5: `MicroMessenger`). WeCom says MicroMessenger too, but WeChat's
 * consent page does not open there. In a `<web-view>` WeChat adds `miniProgram`.
 */
export function visitorOf(userAgent: string | undefined): Visitor {
  const agent = userAgent ?? '';
  if (/MicroMessenger/i.test(agent) && !/wxwork/i.test(agent)) {
    return agent.includes('miniProgram') ? 'web-view' : 'wechat';
  }
  return /Mobile|iPhone|iPod/i.test(agent) && !/iPad|Tablet/i.test(agent) ? 'phone' : 'desk';
}
