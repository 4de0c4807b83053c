// @ts-check
const auth = require('../../auth.js');
const { retry, run } = require('../../task.js');
const { showTitle, texts } = require('../../texts/index.js');
const { localTime } = require('../../time.js');

const PATH = '/v1/users/me/sessions';
const t = texts('sessions');

/** @typedef {import('../../problem.js').Problem} Problem */
/** @typedef {import('../../lib/wechat-auth.js').Session} Session */
/** @typedef {{ id: string, current: boolean, name: string, device: string, lastUsed: string }} Row */

Page({
  data: {
    t,
    busy: false,
    problem: /** @type {Problem | null} */ (null),
    rows: /** @type {Row[]} */ ([]),
  },

  async onLoad() {
    showTitle(t.title);
    await this.open();
  },

  open() {
    return run(this, () => this.load());
  },

  async logIn() {
    if (await run(this, () => auth.login())) await this.open();
  },

  /** @param {WechatMiniprogram.TouchEvent<object, object, { id: string }>} event */
  end({ currentTarget }) {
    const { id } = currentTarget.dataset;
    return run(this, async () => {
      await auth.call(`${PATH}/${id}`, undefined, 'DELETE');
      await this.load();
    });
  },

  endOthers() {
    return run(this, async () => {
      await auth.call(PATH, undefined, 'DELETE');
      await this.load();
    });
  },

  async logOut() {
    // On this phone it takes effect at once, also without a network. `open` then says that a login is needed.
    void auth.logout();
    this.setData({ rows: [] });
    await this.open();
  },

  async load() {
    const { items } = /** @type {{ items: Session[] }} */ (await auth.call(PATH));
    this.setData({ rows: items.map(toRow) });
  },

  retry() {
    return retry(this);
  },
});

/** @param {Session} session @returns {Row} */
function toRow({ id, current, channel, device, lastUsedAt }) {
  const { browser, os } = device;
  return {
    id,
    current,
    name: t.channel[channel] || channel,
    device: [browser, os].filter(Boolean).join(' · ') || t.unknown,
    lastUsed: localTime(lastUsedAt),
  };
}
