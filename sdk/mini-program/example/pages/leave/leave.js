// @ts-check
const auth = require('../../auth.js');
const cart = require('../../cart.js');
const { retry, run } = require('../../task.js');
const { showTitle, texts } = require('../../texts/index.js');

const t = texts('leave');

/** @typedef {import('../../problem.js').Problem} Problem */

Page({
  data: {
    t,
    busy: false,
    problem: /** @type {Problem | null} */ (null),
    /** `asked`, `asked-again`, `left`, `logged-in` (anew), or `nobody` to delete. */
    step: '',
    /** Of the account, where it is known. */
    userId: '',
  },

  /** Calls nothing: a login only to be deleted would make an account first. */
  onLoad() {
    showTitle(t.title);
    this.ask();
  },

  ask() {
    const { status, user } = auth;
    const step = status === 'guest' || status === 'logged-out' ? 'nobody' : 'asked';
    this.setData({ step, userId: user ? user.id : '' });
  },

  /** For somebody who is logged out. */
  begin() {
    return run(this, async () => {
      await auth.login();
      this.ask();
    });
  },

  next() {
    this.setData({ step: 'asked-again' });
  },

  leave() {
    return run(this, async () => {
      // After a start the user is not known yet, and later there is nobody to ask about.
      const user = auth.user || (await auth.getUser().catch(() => null));
      if (user) this.setData({ userId: user.id });
      await auth.leave();
      if (this.data.userId) cart.remove(this.data.userId);
      this.setData({ step: 'left' });
    });
  },

  logIn() {
    return run(this, async () => {
      await auth.login();
      this.setData({ step: 'logged-in' });
    });
  },

  keep() {
    return this.home();
  },

  home() {
    wx.reLaunch({ url: '/pages/index/index' });
  },

  retry() {
    return retry(this);
  },
});
