// @ts-check
const auth = require('../../auth.js');
const cart = require('../../cart.js');
const { retry, run } = require('../../task.js');
const { showTitle, texts } = require('../../texts/index.js');

const t = texts('index');

/** @typedef {import('../../lib/wechat-auth.js').User} User */
/** @typedef {import('../../problem.js').Problem} Problem */

Page({
  data: {
    t,
    busy: false,
    problem: /** @type {Problem | null} */ (null),
    /** Of `auth`. */
    status: 'unknown',
    user: /** @type {User | null} */ (null),
    products: Object.entries(t.product).map(([id, name]) => ({ id, name })),
    cart: /** @type {{ key: number, name: string }[]} */ ([]),
    pages: Object.entries(t.page).map(([id, name]) => ({ id, name })),
  },

  onLoad() {
    showTitle(t.title);
  },

  async onShow() {
    await this.open();
  },

  /** Logs in silently, unless the person has chosen to be logged out or a guest. */
  open() {
    return run(this, async () => {
      this.show();
      if (auth.status === 'guest' || auth.status === 'logged-out') return;
      if (!auth.user) await auth.getUser();
      this.show();
    });
  },

  logIn() {
    return run(this, async () => {
      await auth.login();
      this.show();
    });
  },

  /** Nothing to wait for: on this phone it takes effect at once, also without a network. */
  logOut() {
    void auth.logout();
    this.setData({ problem: null });
    this.show();
  },

  lookAround() {
    auth.continueAsGuest();
    this.setData({ problem: null });
    this.show();
  },

  /** @param {WechatMiniprogram.TouchEvent<object, object, { item: string }>} event */
  add({ currentTarget }) {
    const { item } = currentTarget.dataset;
    const owner = this.owner();
    if (!owner) return;
    if (auth.status === 'guest') auth.continueAsGuest().note({ item });
    cart.add(owner, item);
    this.show();
  },

  /** @param {WechatMiniprogram.TouchEvent<object, object, { page: string }>} event */
  openPage({ currentTarget }) {
    const { page } = currentTarget.dataset;
    wx.navigateTo({ url: `/pages/${page}/${page}` });
  },

  /** @returns {string} whose cart it is: the id of the user or the guest; empty for nobody */
  owner() {
    if (auth.status === 'guest') return auth.continueAsGuest().id;
    return auth.status !== 'logged-out' && auth.user ? auth.user.id : '';
  },

  show() {
    const owner = this.owner();
    const names = /** @type {Record<string, string>} */ (t.product);
    this.setData({
      status: auth.status,
      user: auth.user,
      cart: owner ? cart.read(owner).items.map((id, key) => ({ key, name: names[id] })) : [],
    });
  },

  retry() {
    return retry(this);
  },
});
