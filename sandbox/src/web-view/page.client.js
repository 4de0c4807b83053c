// The first script of every page inside the virtual WeChat: makes the browser look like WeChat's, keeps what leads to
// the service inside, and tells the phone's title bar what is shown.
(() => {
  const script = document.currentScript;
  const { userAgent, bases, phone } = JSON.parse(script.dataset.facts);
  script.remove();
  Object.defineProperty(Object.getPrototypeOf(navigator), 'userAgent', {
    configurable: true,
    get: () => userAgent,
  });

  /** Where a URL is in here; see addresses.ts. */
  function inside(text) {
    for (const base of bases) {
      const rest = text.startsWith(base) ? text.slice(base.length) : null;
      if (rest !== null && (rest === '' || /^[/?#]/.test(rest)))
        return new URL(rest || '/', location.origin).href;
    }
    const url = new URL(text);
    const isWeChat =
      url.protocol === 'http:' && url.port === location.port && url.pathname.startsWith('/connect/');
    return isWeChat ? `${location.origin}${url.pathname}${url.search}${url.hash}` : text;
  }

  // The relay keeps redirects inside; this script does so for links and scripts that use a full URL.
  window.navigation?.addEventListener('navigate', (event) => {
    const to = inside(event.destination.url);
    if (to === event.destination.url || event.formData || !event.cancelable) return;
    event.preventDefault();
    if (event.navigationType === 'replace') location.replace(to);
    else location.assign(to);
  });

  if (window.parent === window) return;
  const tell = () => {
    const snapshot = /(^|;\s*)sandbox_page=snapshot/.test(document.cookie);
    const facts = { sandbox: 'page', title: document.title, url: location.href, snapshot };
    window.parent.postMessage(facts, phone);
  };
  document.addEventListener('DOMContentLoaded', tell);
  window.addEventListener('load', tell);
  window.addEventListener('pageshow', tell);
})();
