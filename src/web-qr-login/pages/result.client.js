const result = JSON.parse(document.getElementById('page-data').textContent);

/** Origin of the page around this frame: our own login page's, else the website's. A foreign one cannot be read. */
const originAround = () => {
  try {
    return window.parent.origin;
  } catch {
    return result.targetOrigin;
  }
};

/** Only a page that the browser has shown runs this. The page around may take the frame away at any moment. */
const report = () =>
  fetch('framed-callbacks', {
    method: 'POST',
    keepalive: true,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ secret: result.report }),
  }).catch(() => undefined);

// The page around hears of the login in other ways too. It alone leads the window on, so that it goes on once.
if (window.parent === window) {
  location.replace(result.location);
} else {
  window.parent.postMessage(result.message, originAround());
  if (result.report !== null) report();
}
