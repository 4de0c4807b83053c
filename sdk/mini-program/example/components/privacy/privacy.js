// @ts-check
// Asks for consent to the privacy guide when a function of WeChat needs it. Without this component WeChat shows a prompt
// of its own. Put it on each page with such a function.
const { texts } = require('../../texts/index.js');

const BUTTON = 'agree-to-privacy-guide';

/** @typedef {{ event: 'exposureAuthorization' | 'agree' | 'disagree', buttonId?: string }} Answer */
/** @typedef {(answer: Answer) => void} Resolve */

/**
 * What waits for an answer, by component.
 * @type {WeakMap<object, Resolve[]>}
 */
const waiting = new WeakMap();

Component({
  data: { t: texts('privacy'), shown: false, guide: '', button: BUTTON },
  lifetimes: {
    attached() {
      this.listen();
    },
    detached() {
      // Otherwise the function of WeChat would wait forever.
      this.answer({ event: 'disagree' });
    },
  },
  pageLifetimes: {
    // There is one listener at a time: the page that is shown takes it back.
    show() {
      this.listen();
    },
  },
  methods: {
    listen() {
      if (typeof wx.onNeedPrivacyAuthorization !== 'function') return;
      // The typings do not know the parameters of the listener.
      const listener = /** @type {unknown} */ ((/** @type {Resolve} */ resolve) => this.ask(resolve));
      wx.onNeedPrivacyAuthorization(
        /** @type {WechatMiniprogram.OnNeedPrivacyAuthorizationCallback} */ (listener),
      );
    },
    /** @param {Resolve} resolve tells WeChat the answer; several functions may wait for it */
    ask(resolve) {
      waiting.set(this, (waiting.get(this) || []).concat(resolve));
      this.setData({ shown: true });
      resolve({ event: 'exposureAuthorization' });
      if (typeof wx.getPrivacySetting !== 'function') return;
      wx.getPrivacySetting({
        success: ({ privacyContractName }) => this.setData({ guide: privacyContractName || '' }),
      });
    },
    /** @param {Answer} answer */
    answer(answer) {
      const resolves = waiting.get(this) || [];
      waiting.delete(this);
      this.setData({ shown: false });
      for (const resolve of resolves) resolve(answer);
    },
    agree() {
      this.answer({ event: 'agree', buttonId: BUTTON });
    },
    disagree() {
      this.answer({ event: 'disagree' });
    },
    openGuide() {
      const fail = () => {
        if (typeof wx.showToast === 'function') wx.showToast({ title: this.data.t.cannotOpen, icon: 'none' });
      };
      if (typeof wx.openPrivacyContract === 'function') wx.openPrivacyContract({ fail });
      else fail();
    },
    /** Keeps the page below from scrolling. */
    stay() {},
  },
});
