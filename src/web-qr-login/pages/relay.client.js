// Only our own pages and the website of this login are around this frame: frame-ancestors sees to it.
const SLOW_MS = 1500;

try {
  window.top.location.replace(location.href);
} catch {
  // Not without a click, says the browser.
}
setTimeout(() => (document.getElementById('onward').hidden = false), SLOW_MS);
