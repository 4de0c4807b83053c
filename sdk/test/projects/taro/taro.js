// The part of @tarojs/taro that counts: an object of functions that return promises, over `wx`.
const promised = (name) => (options) =>
  new Promise((resolve, reject) => wx[name]({ ...options, success: resolve, fail: reject }));

export default {
  ENV_TYPE: { WEAPP: 'WEAPP' },
  login: promised('login'),
  request: promised('request'),
  getStorageSync: (key) => wx.getStorageSync(key),
  setStorageSync: (key, value) => wx.setStorageSync(key, value),
  removeStorageSync: (key) => wx.removeStorageSync(key),
};
