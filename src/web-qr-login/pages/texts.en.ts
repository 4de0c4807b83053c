/** Texts of the login page in English. */
export const EN = {
  title: 'Log in with WeChat',
  working: 'Logging in…',
  continue: 'Continue',
  returns: 'You’ll return to',
  hero: {
    headline: 'One scan,\nand you’re in.',
    steps: ['Open WeChat on your phone', 'Scan the code on this screen', 'Confirm on your phone'],
    promise: 'No password needed. You won’t be logged in until you confirm on your phone.',
  },
  scan: {
    methods: 'Login methods',
    picture: 'Mini program code. Scan it with WeChat to log in.',
    frame: 'WeChat login QR code',
    elsewhere: 'QR code not showing?',
    openWeChat: 'Open WeChat’s login page',
    withoutScript: 'JavaScript is turned off in your browser.',
    scriptNeeded: 'Turn it on, then reload this page.',
  },
  longPress: 'Press and hold the code to open the mini program, confirm there, then come back to this page.',
  openInWeChat: {
    title: 'Open in WeChat to log in',
    app: 'Open the app that you came from in WeChat and log in there.',
    link: 'Login link',
    copy: 'Copy link',
    copied: 'Link copied',
    copyYourself: 'Couldn’t copy the link. Press and hold it to copy it yourself.',
    steps: [
      'Copy the link above',
      'Open WeChat and send the link to File Transfer or any chat',
      'Tap the link there to log in',
    ],
    stay: 'Prefer to stay in this browser?',
    stayHint:
      'Press and hold the code to save it. In WeChat, open Scan and choose it from your photos. Or scan it with another phone.',
  },
  known: {
    lead: 'You logged in with this browser earlier.',
    continue: 'Continue as {name}',
    other: 'Use another WeChat account',
    shared: 'Not your device?',
    forget: 'Forget me here',
  },
  computer: {
    title: 'Log in on a computer',
    lead: 'Open this link in a browser on your computer, then scan the code there with WeChat.',
    app: 'Open the app that you came from on a computer and log in there.',
  },
  webView: {
    title: 'Log in from the mini program',
    lead: 'This page is open inside a mini program. Go back, log in there, then open this page again.',
  },
  consent: {
    lead: 'Your first login needs your permission.',
    asks: 'Your WeChat nickname and profile photo will be used to create your account.',
    button: 'Continue with WeChat',
    hint: 'Next, WeChat will ask for your permission.',
  },
  snapshot: {
    title: 'Switch to the full service',
    lead: 'WeChat is only showing a snapshot of this page. You can’t log in from a snapshot.',
    steps: [
      'Tap 使用完整服务 (Use full service) at the bottom of the screen',
      'When the page has reloaded, log in again',
    ],
  },
  linked: { title: 'WeChat account linked', lead: 'You can now log in with this WeChat account.' },
  account: {
    welcome: 'You’re logged in',
    newcomer: 'Welcome! Your account has been created.',
    user: 'User ID',
    app: 'App ID',
    logout: 'Log out',
  },
  /** Texts that the browser code shows. */
  live: {
    states: {
      loading: ['Loading…', 'This takes a moment'],
      pending: ['Scan with WeChat', 'Then confirm on your phone'],
      scanned: ['Code scanned', 'Now confirm on your phone'],
      confirmed: ['You’re logged in', 'Taking you back…'],
      denied: ['Login cancelled', 'Scan again, or close this page'],
      expired: ['Code expired', 'Refresh it and scan again'],
      failed: ['Couldn’t load the code', ''],
    },
    again: { denied: 'Scan again', expired: 'Refresh', failed: 'Try again' },
    reconnecting: 'Connection lost. Reconnecting…',
    nameless: 'WeChat user',
    loggedOut: 'You’re logged out',
  },
} as const;
