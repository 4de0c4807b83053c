// @ts-check
// For a try without an AppID. Delete this file, and its lines in auth.js, once you have one.

/**
 * `wx` with a `wx.login` whose codes come from wechat-auth's simulator of WeChat.
 * @param {string} sandboxUrl address of the simulator
 */
function sandboxPhone(sandboxUrl) {
  return Object.assign(Object.create(wx), {
    /** @param {WechatMiniprogram.LoginOption} options */
    login(options) {
      const { success = () => {}, fail = () => {} } = options;
      wx.request({
        url: `${sandboxUrl}/control/wx-login`,
        method: 'POST',
        data: { person: 'xiaoming' },
        success: ({ statusCode, data }) =>
          statusCode === 200
            ? success(/** @type {WechatMiniprogram.LoginSuccessCallbackResult} */ (data))
            : fail({ errMsg: `login:fail sandbox ${statusCode}`, errno: 0 }),
        fail: ({ errMsg }) => fail({ errMsg: errMsg.replace('request', 'login'), errno: 0 }),
      });
    },
  });
}

module.exports = { sandboxPhone };
