import { createAuth } from '@wechat-auth/mini-program';
import { baseUrl } from './config.js';

App({ auth: createAuth({ baseUrl, adapter: uni }) });
