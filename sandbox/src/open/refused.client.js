// The phone closes the page; in a window of its own the text stays.
if (window.parent !== window) window.parent.postMessage({ sandbox: 'refused' }, '*');
