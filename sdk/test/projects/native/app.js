// A native mini program. `miniprogram_npm` is made by "构建 npm" of the developer tools.
const { createAuth } = require('@wechat-auth/mini-program');
const { baseUrl } = require('./config.js');

App({ auth: createAuth({ baseUrl }) });
