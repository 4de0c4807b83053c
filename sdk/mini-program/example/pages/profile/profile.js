// @ts-check
const auth = require('../../auth.js');
const { loginNeeded, toProblem } = require('../../problem.js');
const { retry, run } = require('../../task.js');
const { showTitle, texts } = require('../../texts/index.js');

const t = texts('profile');

/** @typedef {import('../../lib/wechat-auth.js').User} User */
/** @typedef {import('../../problem.js').Problem} Problem */

Page({
  data: {
    t,
    busy: false,
    problem: /** @type {Problem | null} */ (null),
    user: /** @type {User | null} */ (null),
    /** What to say below each of the three. */
    said: { avatar: '', nickname: '', phone: '' },
    /** Offers to enter the phone number. */
    otherPhone: false,
  },

  async onLoad() {
    showTitle(t.title);
    await this.open();
  },

  open() {
    return run(this, async () => {
      const user = await auth.getUser();
      this.setData({ user, problem: user ? null : loginNeeded() });
    });
  },

  async logIn() {
    if (await run(this, () => auth.login())) await this.open();
  },

  /** @param {WechatMiniprogram.CustomEvent} event */
  chooseAvatar(event) {
    return run(this, async () => {
      const outcome = await auth.avatar(event);
      if (outcome.status === 'granted') this.show('avatar', t.saved, outcome.user);
      else if (outcome.status === 'refused') this.show('avatar', t.refused.avatar);
      else this.explain('avatar', outcome);
    });
  },

  /** @param {WechatMiniprogram.FormSubmit} event */
  saveNickname(event) {
    return run(this, async () => {
      const outcome = await auth.nickname(event);
      if (outcome.status === 'granted') this.show('nickname', t.saved, outcome.user);
      else this.show('nickname', outcome.status === 'rejected' ? t.rejected : t.blank);
    });
  },

  /**
   * WeChat has checked the nickname, and has emptied the input if the check fails.
   * @param {WechatMiniprogram.CustomEvent} event
   */
  async reviewNickname(event) {
    const { status } = await auth.nickname(event);
    if (status === 'rejected') this.show('nickname', t.rejected);
  },

  /** @param {WechatMiniprogram.CustomEvent} event */
  getPhone(event) {
    return run(this, async () => {
      const outcome = await this.phoneOutcome(event);
      if (!outcome) return;
      if (outcome.status === 'granted') {
        this.setData({ otherPhone: false });
        this.show('phone', t.saved, outcome.user);
        return;
      }
      // Another way, whatever the reason.
      this.setData({ otherPhone: true });
      if (outcome.status === 'refused') this.show('phone', t.refused.phone);
      else if (outcome.status === 'no-quota') this.show('phone', t.noQuota);
      else this.explain('phone', outcome);
    });
  },

  /**
   * The code in the event works once: another try takes another tap on the button.
   * @param {WechatMiniprogram.CustomEvent} event
   */
  async phoneOutcome(event) {
    try {
      return await auth.phoneNumber(event);
    } catch (error) {
      this.setData({ problem: Object.assign(toProblem(error), { retryable: false }) });
      return null;
    }
  },

  /** @param {WechatMiniprogram.FormSubmit} event */
  sendCode({ detail }) {
    const phone = String(detail.value.phone || '').replace(/[\s-]/g, '');
    this.show('phone', /^\+?\d{6,15}$/.test(phone) ? t.sent : t.phoneInvalid);
  },

  /**
   * @param {'avatar' | 'phone'} about
   * @param {{ status: string, error: import('../../lib/wechat-auth.js').AuthError }} outcome
   */
  explain(about, { status, error }) {
    if (status === 'privacy-refused') this.show(about, t.privacy);
    else this.setData({ problem: toProblem(error) });
  },

  /**
   * @param {'avatar' | 'nickname' | 'phone'} about
   * @param {string} text
   * @param {User} [user] where it has changed
   */
  show(about, text, user) {
    this.setData({
      user: user || this.data.user,
      said: Object.assign({ avatar: '', nickname: '', phone: '' }, { [about]: text }),
    });
  },

  retry() {
    return retry(this);
  },
});
