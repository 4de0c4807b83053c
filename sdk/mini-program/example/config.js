// @ts-check
// What differs between your servers and these.

module.exports = {
  /** Address of wechat-auth. `npm start` of wechat-auth listens here. */
  baseUrl: 'http://localhost:3000',

  /**
   * Address of wechat-auth's simulator of WeChat, for a try without an AppID: it then gives the codes of `wx.login`.
   * `npm start` has it at http://127.0.0.1:3001. Leave it empty where WeChat gives the codes.
   */
  sandboxUrl: '',

  /** The page of your website that takes `?ticket=…`; pages/web-view opens it. */
  enterUrl: 'https://shop.example.com/enter',

  /** Where the website goes after the login. RETURN_URLS of wechat-auth has to list it. */
  returnTo: 'https://shop.example.com/welcome',
};
