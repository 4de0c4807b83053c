// @ts-check
const auth = require('../../auth.js');
const { retry, run } = require('../../task.js');
const { showTitle, texts } = require('../../texts/index.js');

const SCOPE = 'scope.userLocation';
const t = texts('location');

/** @typedef {import('../../problem.js').Problem} Problem */
/** @typedef {{ latitude: number, longitude: number, accuracy: number }} Place */
/** @typedef {import('../../lib/wechat-auth.js').ScopeOutcome} ScopeOutcome */

Page({
  data: {
    t,
    busy: false,
    problem: /** @type {Problem | null} */ (null),
    /** How the permission stands: a status of ScopeOutcome, or `system-off`. */
    permission: 'never-asked',
    place: /** @type {Place | null} */ (null),
  },

  onLoad() {
    showTitle(t.title);
  },

  /** Also after WeChat's settings, whichever way the person went there: what they asked for goes on. */
  async onShow() {
    await run(this, async () => {
      const outcome = await auth.ensureScope(SCOPE, { ask: false });
      if (!this.data.place || outcome.status !== 'granted') await this.proceed(outcome);
    });
  },

  /** By a tap, so that WeChat's question does not come out of the blue. */
  ask() {
    return run(this, async () => this.proceed(await auth.ensureScope(SCOPE)));
  },

  /** Only in a tap does WeChat open its settings. */
  openSettings() {
    return run(this, async () => this.proceed(await auth.openSettings(SCOPE)));
  },

  agree() {
    return run(this, async () => {
      const { status } = await auth.ensurePrivacy();
      if (status === 'granted') await this.proceed(await auth.ensureScope(SCOPE));
    });
  },

  openSystemSettings() {
    if (typeof wx.openAppAuthorizeSetting === 'function') wx.openAppAuthorizeSetting({});
  },

  /** @param {ScopeOutcome} outcome */
  async proceed(outcome) {
    this.setData({ permission: outcome.status });
    if (outcome.status === 'granted') await this.locate();
    else this.setData({ place: null });
  },

  /** Shows the place, or why there is none. */
  async locate() {
    try {
      const { latitude, longitude, accuracy } = await location();
      this.setData({ place: { latitude, longitude, accuracy: accuracy || 0 } });
    } catch (error) {
      const { errMsg = '', errno } = /** @type {{ errMsg?: string, errno?: number }} */ (error || {});
      this.setData({ place: null });
      if (errno === 104 || /privacy permission/i.test(errMsg))
        this.setData({ permission: 'privacy-refused' });
      else if (/system permission|locationswitch/i.test(errMsg)) this.setData({ permission: 'system-off' });
      else if (/deny|denied/i.test(errMsg)) this.setData({ permission: 'refused-before' });
      else this.setData({ permission: 'unavailable' });
    }
  },

  openMap() {
    const { place } = this.data;
    if (!place || typeof wx.openLocation !== 'function') return;
    wx.openLocation({ latitude: place.latitude, longitude: place.longitude });
  },

  retry() {
    return retry(this);
  },
});

/** @returns {Promise<WechatMiniprogram.GetLocationSuccessCallbackResult>} */
function location() {
  return new Promise((success, fail) => wx.getLocation({ type: 'gcj02', success, fail }));
}
