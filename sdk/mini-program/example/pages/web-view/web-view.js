// @ts-check
// The website, in which the person is logged in already. No token is in its address: the ticket lives for 30 seconds,
// works once, and is of no use without the codeVerifier that only the website knows.
const auth = require('../../auth.js');
const { enterUrl, returnTo } = require('../../config.js');
const { loginNeeded } = require('../../problem.js');
const { retry, run } = require('../../task.js');
const { showTitle, texts } = require('../../texts/index.js');

const t = texts('webView');

/** @typedef {import('../../problem.js').Problem} Problem */
/** @typedef {import('../../lib/wechat-auth.js').WebViewTicket} WebViewTicket */

Page({
  data: { t, busy: false, problem: /** @type {Problem | null} */ (null), src: '', failed: false },

  async onLoad() {
    showTitle(t.title);
    await this.open();
  },

  open() {
    return run(this, async () => {
      this.setData({ src: '', failed: false });
      // Without a login there is no need for a code of wx.login.
      if (auth.status === 'guest' || auth.status === 'logged-out') {
        this.setData({ problem: loginNeeded() });
        return;
      }
      const { ticket } = /** @type {WebViewTicket} */ (
        await auth.call('/v1/mini-program/web-view-tickets', { code: await auth.code(), returnTo })
      );
      this.setData({ src: `${enterUrl}${enterUrl.includes('?') ? '&' : '?'}ticket=${ticket}` });
    });
  },

  async logIn() {
    if (await run(this, () => auth.login())) await this.open();
  },

  /** The ticket may be spent: another try takes a new one. */
  fail() {
    this.setData({ src: '', failed: true });
  },

  retry() {
    return retry(this);
  },
});
