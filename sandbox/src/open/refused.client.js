// The phone closes the page; in a separate window the text stays.
if (window.parent !== window) window.parent.postMessage({ sandbox: 'refused' }, '*');
