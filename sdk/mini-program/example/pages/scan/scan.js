// @ts-check
// The page that WECHAT_SCAN_PAGE of wechat-auth names: the code on a website opens it.
const { showTitle, texts } = require('../../texts/index.js');

const t = texts('scan');

Page({
  data: { t, scene: '' },

  /** @param {{ scene?: string }} options */
  onLoad({ scene = '' } = {}) {
    showTitle(t.title);
    this.setData({ scene });
  },
});
