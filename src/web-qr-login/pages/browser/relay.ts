import { byId } from '../../../pages/browser/dom.js';

/** Time for the navigation, after which a link is shown. */
const LINK_DELAY_MS = 1500;

// frame-ancestors lets only our own pages and the website of this login frame this page.
try {
  window.top?.location.replace(location.href);
  // Our own login page, if it is the parent, gets the login's answer too and must not navigate elsewhere.
  window.parent.dispatchEvent(new Event('wechat-auth:leaving'));
} catch {
  // The browser wants a click of the person first, or the parent is not our own page.
}
setTimeout(() => (byId('onward').hidden = false), LINK_DELAY_MS);
