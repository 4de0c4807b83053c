// A native mini program into which the single file was copied.
const { createAuth } = require('./lib/wechat-auth.min.js');
const { baseUrl } = require('./config.js');

App({ auth: createAuth({ baseUrl }) });
