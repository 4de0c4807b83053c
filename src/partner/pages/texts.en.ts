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
    publicId: 'Your user ID at this service',
    allow: 'Allow',
    deny: 'Don’t allow',
    another: 'Use another WeChat account',
    returns: 'You’ll go back to',
    withdraw: 'You can withdraw this at any time under “{account}”.',
  },
  account: {
    title: 'Your account',
    apps: 'Apps with access',
    none: 'No app has access.',
    openid: 'An ID that stands for you',
    lastUsed: 'Last used',
    inBeijing: (day) => `${day} (Beijing time)`,
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
    titles: {
      login: 'This app can’t log you in',
      logout: 'You haven’t been logged out here',
      address: 'This address is for apps',
    },
    because: {
      unknownApp: 'This service doesn’t know the app: it isn’t registered here, or has been removed.',
      redirectUri:
        'The app wants you to return to an address that isn’t registered for it. To keep you safe, the login was stopped.',
      unsupported: 'The app asks for a way of logging in that this service doesn’t offer.',
      loginRequest: 'The app’s login request is incomplete or not valid.',
      expiredLogin:
        'This login has expired, has been used already, or was started in another browser. Go back to the app and log in again.',
      logoutRequest: 'The app’s logout request isn’t valid.',
      expiredLogout: 'The page that asked you has expired. Go back to the app and log out again.',
      forApps: 'There’s no page to open here. If an app led you here, please tell its developer.',
    },
    tell: 'Please tell the developer of the app, and send along the details below.',
    description: 'Description',
  },
};
