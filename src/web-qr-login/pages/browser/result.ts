import type { FrameResult } from '../page-data.js';
import { pageData } from '../../../pages/browser/dom.js';

const { location: returnLocation, targetOrigin, message, report: secret } = pageData() as FrameResult;

/** Origin of the parent: our own login page's, else the website's, whose origin cannot be read. */
const parentOrigin = (): string => {
  try {
    return window.parent.origin;
  } catch {
    return targetOrigin;
  }
};

/** Tells the service that the page was shown. The parent may remove the frame at any moment: hence keepalive. */
const reportShown = (): void => {
  fetch('framed-callbacks', {
    method: 'POST',
    keepalive: true,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ secret }),
  }).catch(() => undefined);
};

// In a frame only the parent navigates, so that it happens once.
if (window.parent === window) {
  location.replace(returnLocation);
} else {
  window.parent.postMessage(message, parentOrigin());
  if (secret !== null) reportShown();
}
