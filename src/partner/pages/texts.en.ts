import type { PartnerTexts } from './partner-texts.js';

/** Texts of the pages for partner apps, in English. */
export const EN: PartnerTexts = {
  consent: {
    title: 'Allow access',
    asks: (partner) => `${partner} wants to log you in with your WeChat account`,
    as: 'You’re logged in as',
    nameless: 'WeChat user',
    shares: 'It will receive:',
    scopes: {
      openid: 'An ID that is used for this app only',
      profile: 'Your nickname and profile picture',
      phone: 'Your phone number',
      wechat: 'Your ID in WeChat (openid and unionid)',
      offline_access: 'The above, updated while you’re not using the app',
    },
    allow: 'Allow',
    deny: 'Don’t allow',
    another: 'Use another WeChat account',
    returns: 'You’ll go back to',
    withdraw: 'You can withdraw this at any time: your account, “Apps with access”.',
  },
  account: {
    title: 'Your account',
    apps: 'Apps with access',
    none: 'No app has access.',
    lastUsed: 'Last used',
    withdraw: 'Withdraw access',
    withdrawFrom: (partner) => `Withdraw access: ${partner}`,
    more: 'More apps',
  },
  logout: {
    title: 'Log out',
    asks: 'Do you want to log out here, too?',
    lead: 'Other apps that ask for you in this browser will need a new login.',
    logout: 'Log out',
    stay: 'Stay logged in',
    done: 'You’re logged out',
    doneLead: 'You can close this page.',
  },
  returning: { title: 'Going back to the app', button: 'Continue' },
  refused: {
    title: 'This app can’t log you in',
    lead: 'The app sent a login request that isn’t valid. Please tell its operator.',
    expired: 'This login has expired or was started in another browser. Go back to the app and log in again.',
  },
};
