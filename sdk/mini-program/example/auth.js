// @ts-check
// The one login of this mini program. Every page requires this file.
const { createAuth } = require('./lib/wechat-auth.js');
const { baseUrl, sandboxUrl } = require('./config.js');
const { sandboxPhone } = require('./sandbox.js');

module.exports = sandboxUrl
  ? createAuth({ baseUrl, adapter: sandboxPhone(sandboxUrl) })
  : createAuth({ baseUrl });
