// @ts-check
const en = require('./en.js');
const zh = require('./zh.js');

/** @typedef {typeof zh} Texts */

/** @returns {'zh' | 'en'} language of WeChat on this phone */
function language() {
  try {
    // getAppBaseInfo is there since base library 2.20.1.
    const { language: name } =
      typeof wx.getAppBaseInfo === 'function' ? wx.getAppBaseInfo() : wx.getSystemInfoSync();
    return !name || /^zh/i.test(name) ? 'zh' : 'en';
  } catch (error) {
    return 'zh';
  }
}

/**
 * @template {keyof Texts} Part
 * @param {Part} part a page or a component
 * @returns {Texts[Part]}
 */
function texts(part) {
  return (language() === 'zh' ? zh : en)[part];
}

/** @param {string} title of the page */
function showTitle(title) {
  if (typeof wx.setNavigationBarTitle === 'function') wx.setNavigationBarTitle({ title });
}

module.exports = { language, texts, showTitle };
