// Only our own pages and the website of this login are around this frame: frame-ancestors sees to it.
const SLOW_MS = 1500;

try {
  window.top.location.replace(location.href);
  // Our own login page hears of the login while the window is on its way, and must not lead it elsewhere then.
  window.parent.dispatchEvent(new window.Event('wechat-auth:leaving'));
} catch {
  // Not without a click, or not our own page, says the browser.
}
setTimeout(() => (document.getElementById('onward').hidden = false), SLOW_MS);
