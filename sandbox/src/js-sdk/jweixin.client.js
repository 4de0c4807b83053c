// The sandbox's jweixin (section 14.3): wx.config is checked by the sandbox, as by WeChat's client. In other browsers
// it does nothing, like WeChat's script.
(() => {
  const firstUrl = location.href;
  const isVirtualHost = location.hostname.endsWith('.wechat.localhost');
  const isFramed = window.parent !== window;
  const sandbox = new URL(document.currentScript.src);
  const phone = `http://wechat.localhost${sandbox.port && `:${sandbox.port}`}`;
  const readied = [];
  const answered = new Map();
  let onError = null;
  /** The last config: `{ options, result }`; result null: not checked yet. */
  let config = null;
  let count = 0;

  /** What an API does in the virtual WeChat, by its name. */
  const APIS = {
    getNetworkType: () => ({ networkType: 'wifi' }),
    updateAppMessageShareData: () => ({}),
    updateTimelineShareData: () => ({}),
    checkJsApi: ({ jsApiList = [] }) => ({
      checkResult: Object.fromEntries(jsApiList.map((name) => [name, name in APIS])),
    }),
  };

  async function ask(facts) {
    if (!isVirtualHost) return askPhone(facts);
    const response = await fetch('/phone/web/js-sdk-config', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(facts),
    });
    return response.json();
  }

  /** The phone, which frames the page, asks in its place. */
  function askPhone(facts) {
    return new Promise((resolve) => {
      const id = ++count;
      answered.set(id, resolve);
      if (isFramed) window.parent.postMessage({ sandbox: 'wx.config', id, facts }, phone);
    });
  }
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source !== window.parent || origin !== phone || data?.sandbox !== 'wx.config') return;
    answered.get(data.id)?.(data.result);
    answered.delete(data.id);
  });

  if (isFramed && !isVirtualHost) {
    window.addEventListener('load', () => {
      const facts = { sandbox: 'page', title: document.title, url: location.href, snapshot: false };
      window.parent.postMessage(facts, phone);
    });
  }

  async function check(options) {
    const { appId, timestamp, nonceStr, signature } = options;
    const asked = { options, result: null };
    config = asked;
    const result = await ask({ appId, timestamp, nonceStr, signature, url: location.href, firstUrl });
    // A later config has taken its place.
    if (config !== asked) return;
    asked.result = result;
    if (options.debug) console.info(result);
    if (result.errMsg === 'config:ok') readied.splice(0).forEach((callback) => callback(result));
    else onError?.(result);
  }

  function call(name, options = {}) {
    const isReady = config?.result?.errMsg === 'config:ok';
    const isAllowed = name === 'checkJsApi' || config?.options.jsApiList?.includes(name);
    const problem = isReady ? 'permission denied' : 'the permission value is offline verifying';
    const isGood = isReady && isAllowed;
    const result = { ...(isGood && APIS[name](options)), errMsg: `${name}:${isGood ? 'ok' : problem}` };
    setTimeout(() => {
      (isGood ? options.success : options.fail)?.(result);
      options.complete?.(result);
    });
  }

  window.wx = window.jWeixin = {
    config: (options) => void check(options),
    ready: (callback) => {
      if (config?.result?.errMsg === 'config:ok') callback(config.result);
      else readied.push(callback);
    },
    error: (callback) => {
      onError = callback;
      if (config?.result && config.result.errMsg !== 'config:ok') callback(config.result);
    },
    ...Object.fromEntries(Object.keys(APIS).map((name) => [name, (options) => call(name, options)])),
  };
})();
