// WxLogin.js: wechat-api.md section 4.3. Written for the sandbox; the real one is WeChat's.
(() => {
  const origin = new URL(document.currentScript.src).origin;
  const PLAIN = ['styletype', 'sizetype', 'bgcolor', 'rst'];

  /** The address of the QR page. `redirect_uri` is put in as it comes: the caller has encoded it. */
  function addressOf(options) {
    const { self_redirect: own } = options;
    const query = [
      ['appid', options.appid],
      ['scope', options.scope],
      ['redirect_uri', options.redirect_uri],
      ['state', options.state ?? ''],
      ['login_type', 'jssdk'],
      ['self_redirect', own === true || own === false ? String(own) : 'default'],
      ...PLAIN.map((name) => [name, options[name] ?? '']),
      ['style', options.style],
      ['href', options.href && encodeURIComponent(options.href)],
      ['lang', options.lang === 'en' ? 'en' : ''],
      ['stylelite', options.stylelite === 1 ? '1' : ''],
      ['fast_login', options.fast_login === 0 ? '0' : ''],
      ['color_scheme', options.color_scheme],
    ];
    const given = query.filter(([name, value]) => value || PLAIN.includes(name) || name === 'state');
    return `${origin}/connect/qrconnect?${given.map(([name, value]) => `${name}=${value}`).join('&')}`;
  }

  /** `new WxLogin({ id, appid, scope, redirect_uri, state, … })` puts the QR page into the element `id`. */
  window.WxLogin = function WxLogin(options) {
    const frame = document.createElement('iframe');
    frame.setAttribute('frameborder', '0');
    frame.setAttribute('scrolling', 'no');
    frame.setAttribute('allowtransparency', 'true');
    frame.title = options.lang === 'en' ? 'WeChat login' : '微信登录';
    frame.width = '300px';
    frame.height = '400px';
    frame.src = addressOf(options);
    window.addEventListener('message', (event) => {
      if (event.source !== frame.contentWindow || typeof event.data !== 'string') return;
      if (/"status":"wxReady"/.test(event.data)) options.onReady?.(true);
    });
    const place = document.getElementById(options.id);
    place.innerHTML = '';
    place.appendChild(frame);
  };
})();
