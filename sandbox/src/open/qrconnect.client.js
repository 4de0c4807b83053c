/* global DOMParser */
// The protocol of WeChat's own page: wechat-api.md section 4.2.
(() => {
  const {
    uuid: firstUuid,
    redirectUri,
    state,
    selfRedirect,
  } = JSON.parse(document.getElementById('data').textContent);
  const CLIENT_TIMEOUT_MS = 30_000;
  const image = document.querySelector('.js_qrcode_img');
  const refresh = document.querySelector('.js_refresh');
  let uuid = firstUuid;

  function show(className) {
    for (const status of document.querySelectorAll('.js_status')) {
      status.hidden = !status.classList.contains(className);
    }
  }

  function tellParent(status) {
    if (window.parent !== window) window.parent.postMessage(JSON.stringify({ type: 'status', status }), '*');
  }

  function poll(last) {
    const asked = uuid;
    const script = document.createElement('script');
    let over = false;
    const done = (errcode) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      script.remove();
      if (asked === uuid) act(errcode);
    };
    const timer = setTimeout(() => done(402), CLIENT_TIMEOUT_MS);
    window.wx_errcode = undefined;
    script.src = `/connect/l/qrconnect?uuid=${asked}${last ? `&last=${last}` : ''}&_=${Date.now()}`;
    script.onload = () => done(window.wx_errcode);
    script.onerror = () => done(402);
    document.body.append(script);
  }

  function act(errcode) {
    switch (errcode) {
      case 405:
        go(withAnswer(`code=${window.wx_code}&state=${encodeURIComponent(state)}`));
        break;
      case 404:
        show('js_wx_after_scan');
        setTimeout(poll, 100, 404);
        break;
      case 403:
        if (window.wx_denied_url) {
          go(window.wx_denied_url);
          break;
        }
        show('js_wx_after_cancel');
        setTimeout(poll, 2000, 403);
        break;
      case 402:
        show('');
        refresh.hidden = false;
        break;
      case 500:
        setTimeout(() => location.reload(), 200);
        break;
      default:
        setTimeout(poll, 2000);
    }
  }

  function withAnswer(answer) {
    return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${answer}`;
  }

  // Framed by WxLogin.js, self_redirect says whether the frame or the whole window goes on.
  function go(url) {
    const framed = window.top !== window;
    const target = framed && selfRedirect !== 'true' ? window.top : window;
    try {
      target.location = url;
    } catch {
      window.location = url;
    }
  }

  refresh.addEventListener('click', async () => {
    refresh.disabled = true;
    try {
      const url = new URL(location.href);
      const answer = await fetch(`${url.pathname}${url.search}&f=xml&ts=${Date.now()}`);
      const xml = new DOMParser().parseFromString(await answer.text(), 'text/xml');
      uuid = xml.querySelector('uuid').textContent;
      image.src = `/connect/qrcode/${uuid}`;
      refresh.hidden = true;
      setTimeout(poll, 2000);
    } finally {
      refresh.disabled = false;
    }
  });

  image.addEventListener('load', () => tellParent('wxQRcodeReady'));
  tellParent('wxReady');
  // Not before the load event: a script that hangs for 20 s would hold that up, and with it every browser
  // test that waits for the page to be loaded.
  window.addEventListener('load', () => setTimeout(poll));
})();
