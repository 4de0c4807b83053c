import { createAuth } from '@wechat-auth/web';

/** Of the whole app. */
export const auth = createAuth({ baseUrl: 'https://auth.example.com' });
