/* @wechat-auth/mini-program, Apache-2.0 */
// sdk/shared/advice.ts
var ROWS = `^(NET|TIME|WX_),请检查网络,Check the network
LOGGED|ENDED|TOKEN|REAUTH|PROOF|EXPIRED|TICKET|^(SCAN|ATT|LOGIN|STATE),请登录后再试,Please log in
BEFORE,请在设置中允许,Allow it in settings
REFUSED|ASKED|STALE|TAP|_CODE,请再点一次并同意,Tap again and agree
_TAKEN|QUOTA|AD_T|AR_I|^REJ|^EMP,请换一个再试,Try another one
true$,请稍后再试,Try again later
,请联系客服,Contact support`.split("\n").map((row) => row.split(","));
function adviceFor(text) {
  var _a;
  const [, zh = "", en = ""] = (_a = ROWS.find(([codes = ""]) => RegExp(codes).test(text))) != null ? _a : [];
  return { zh, en };
}

// sdk/shared/auth-error.ts
var AuthError = class extends Error {
  constructor(code, details = {}) {
    super(details.detail ? `${code}: ${details.detail}` : code);
    const advice = adviceFor(`${code} ${details.retryable}`);
    Object.assign(this, { retryable: false }, details, { name: "AuthError", code, advice });
  }
};
function errorOf(status, body, retryAfter) {
  var _a;
  const problem = body;
  const seconds = retryAfter ? Number(retryAfter) : NaN;
  return new AuthError((_a = problem == null ? void 0 : problem.code) != null ? _a : `HTTP_${status}`, {
    ...problem,
    status,
    retryable: status === 429 || status > 501,
    retryAfter: seconds >= 0 ? seconds : void 0
  });
}

// sdk/mini-program/src/failures.ts
var failed = (code, reason) => new AuthError(code, {
  retryable: /^(NET|TIME|WX|BUSY|SESS)/.test(code),
  detail: messageOf(reason),
  reason
});
var messageOf = (failure) => {
  var _a, _b, _c;
  const known = failure;
  return (_c = (_b = (_a = known == null ? void 0 : known.errMsg) != null ? _a : known == null ? void 0 : known.message) != null ? _b : failure) != null ? _c : "";
};
var networkError = (reason) => {
  const message = messageOf(reason);
  return failed(
    /abort/.test(message) ? "ABORTED" : /time.?out/i.test(message) ? "TIMEOUT" : "NETWORK_FAILED",
    reason
  );
};
var REFUSALS = {
  // requirePrivacyAuthorize says the same where the person has just disagreed.
  PRIVACY_REFUSED: /^(?!.*requireP)(104 |.*privacy perm)/,
  NOT_DECLARED: /^(112|1026) |declare|n (desc|text)/,
  NO_QUOTA: /1400001|quota/,
  NO_PERMISSION: /^102 |getP.*no perm/,
  TAP_REQUIRED: /TAP/,
  BUSY: /progress/,
  BANNED: /banned/,
  REFUSED: /^10[34] |^(?!.*system).*(deny|denied|cancel|not auth)/
};
function refusal(failure) {
  const message = messageOf(failure);
  const text = `${failure == null ? void 0 : failure.errno} ${message}`;
  const code = Object.keys(REFUSALS).find((each) => REFUSALS[each].test(text));
  return failed(code != null ? code : /^[A-Z_]+$/.test(message) ? message : "UNAVAILABLE", failure);
}

// sdk/mini-program/src/flights.ts
function single(flights, name, work) {
  const isCurrent = () => flights[name] === flight;
  const flight = flights[name] || work(isCurrent);
  flights[name] = flight;
  const end = () => isCurrent() && delete flights[name];
  flight.then(end, end);
  return flight;
}

// sdk/mini-program/src/platform.ts
var GRACE_MS = 2e3;
function attempt(run) {
  try {
    return run();
  } catch (e) {
    return void 0;
  }
}
function settle(run, timeout) {
  let timer;
  const promise = new Promise((success, fail) => {
    var _a;
    if (timeout) timer = setTimeout(fail, timeout + GRACE_MS, { errMsg: "timeout" });
    const returned = run({ success, fail });
    (_a = returned == null ? void 0 : returned.then) == null ? void 0 : _a.call(returned, (value) => {
      const [failure, result] = Array.isArray(value) ? value : [0, value];
      if (failure) fail(failure);
      else if (result) success(result);
    }, fail);
  });
  const clear = () => clearTimeout(timer);
  promise.then(clear, clear);
  return promise;
}

// sdk/mini-program/src/requests.ts
var TIMEOUT_MS = 15e3;
var TRIES = 3;
var PATIENCE_MS = 2e4;
var ABOUT_THE_TOKEN = /^401 (?!\w+_CODE_)/;
var SAFE = /^request(GET|HEAD)$/i;
var bodyOf = ({ data }) => typeof data === "string" ? attempt(() => JSON.parse(data)) : data;
function dataOf(reply) {
  const data = reply.statusCode === 204 ? null : bodyOf(reply);
  if (data === void 0) throw networkError("no JSON");
  return data;
}
function createRequests(host, usable, baseUrl, header) {
  const invoke = (name, options = {}, flight = {}) => settle((callbacks) => {
    if (flight.a) throw new Error("abort");
    return flight.k = host()[name]({ ...options, ...callbacks });
  }, options.timeout);
  const send = async (api, options, tries, flight = {}) => {
    var _a;
    const { url, data, method = "GET" } = options;
    const getData = typeof data === "function" && data;
    let tokens = getData ? null : await usable();
    let rejected;
    const start = Date.now();
    for (let left = tries || TRIES; ; ) {
      try {
        const reply = await invoke(
          api,
          {
            ...options,
            url: url[0] === "/" ? baseUrl + url : url,
            data: getData ? await getData() : data,
            header: { ...options.header, ...tokens && { [header]: `Bearer ${tokens[0]}` } }
          },
          flight
        ).catch((reason) => {
          throw networkError(reason);
        });
        const { statusCode } = reply;
        if (statusCode < 400) return reply;
        flight.reply = reply;
        const seconds = (_a = /retry-after\W+(\d+)/i.exec(JSON.stringify(reply.header))) == null ? void 0 : _a[1];
        throw Object.assign(errorOf(statusCode, bodyOf(reply), seconds), { reason: reply });
      } catch (error) {
        const { code, status, requestId, retryable, retryAfter = -1 } = error;
        if (tokens && !rejected && ABOUT_THE_TOKEN.test(`${status} ${code}`)) {
          rejected = tokens[0];
          tokens = await usable(rejected);
          continue;
        }
        const mayRepeat = tries || getData || SAFE.test(api + method) ? retryable : (
          // The problem of a stranger is no proof. A code of WeChat's may be spent where WeChat was slow.
          (status === 429 || status === 503) && (requestId || retryAfter >= 0) && !/^WECHAT/.test(code)
        );
        const wait = (retryAfter < 0 ? 4e3 / 2 ** left : retryAfter * 1e3) * (1 + Math.random() / 2);
        if (!mayRepeat || !--left || Math.abs(Date.now() - start) + wait > PATIENCE_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  };
  const dropIn = (api) => ({ success, fail, complete, ...options }) => {
    const flight = {};
    const promise = send(api, options, 0, flight).catch((error) => {
      const { reason, code } = error;
      if (reason && reason === flight.reply) return flight.reply;
      const { errMsg = `${api}:fail ${code}` } = reason != null ? reason : {};
      throw Object.assign(error, { errMsg });
    });
    const tell = (callback) => (result) => {
      callback == null ? void 0 : callback(result);
      complete == null ? void 0 : complete(result);
    };
    promise.then(tell(success), tell(fail));
    return Object.assign(promise, {
      abort() {
        var _a, _b;
        flight.a = true;
        (_b = (_a = flight.k) == null ? void 0 : _a.abort) == null ? void 0 : _b.call(_a);
      }
    });
  };
  const call = async (url, data, method = data ? "POST" : "GET", tries) => dataOf(await send("request", { url, data, method, timeout: TIMEOUT_MS }, tries));
  return [invoke, send, dropIn, call];
}

// sdk/mini-program/src/session.ts
var ME = "/v1/users/me";
var LOGIN = "";
var LOGGED_OUT = { status: "logged-out", t: null, l: false, guest: null, user: null };
var loggedOut = () => new AuthError("LOGGED_OUT");
var nothing = () => void 0;
var rescue = (promise, pattern, handle) => promise.catch((error) => {
  const { status, code, retryable } = error;
  if (pattern.test(`${status} ${code} ${retryable}`)) return handle(error);
  throw error;
});
function createSession([state, set, reload], flights, call, getCode, appId) {
  const after = ({ accessToken, refreshToken, expiresIn, user = ((_a) => (_a = state.user) != null ? _a : null)() }) => ({
    status: "logged-in",
    t: [accessToken, refreshToken, Date.now() + expiresIn * 900],
    l: false,
    user
  });
  const end = async (refreshToken) => refreshToken && call("/v1/auth/logout", () => ({ refreshToken })).catch(nothing);
  const exchange = () => call("/v1/mini-program/login", async () => ({ code: await getCode(), appId }));
  const logIn = async () => {
    reload();
    const reply = await single(flights, LOGIN, async (isCurrent) => {
      var _a;
      const fresh = await rescue(exchange(), / WECHAT_CODE/, exchange);
      reload();
      if (!isCurrent()) {
        await end(fresh.refreshToken);
        throw loggedOut();
      }
      void end((_a = state.t) == null ? void 0 : _a[1]);
      set(after(fresh));
      return fresh;
    });
    const { user, identity, isNewUser } = reply;
    reload();
    return { user, identity, isNewUser };
  };
  const refresh = (refreshToken, tries) => single(flights, refreshToken, async () => {
    const fresh = await rescue(
      call("/v1/auth/refresh", () => ({ refreshToken }), "POST", tries),
      /^40[01] (?!HTTP)/,
      nothing
    );
    reload();
    const { t: tokens, l: leaving } = state;
    if ((tokens == null ? void 0 : tokens[1]) !== refreshToken) return;
    if (fresh) set(after(fresh));
    else set({ t: null, status: leaving ? "logged-out" : "unknown" });
  });
  const usable = async (rejected) => {
    const stale = () => {
      var _a;
      const [accessToken, refreshToken, renewAt] = (_a = state.t) != null ? _a : [];
      return (accessToken === rejected || Date.now() > renewAt) && refreshToken;
    };
    if (stale() !== false) reload();
    const old = stale();
    if (old) await rescue(refresh(old, rejected ? TRIES : 1), rejected ? /^$/ : /true$/, nothing);
    while (flights[LOGIN] || !(state.t || /out|guest/.test(state.status))) await logIn();
    if (state.status === "logged-out") throw loggedOut();
    return state.t;
  };
  const quit = async (changes) => {
    var _a;
    reload();
    const token = (_a = state.t) == null ? void 0 : _a[1];
    const flight = flights[LOGIN];
    delete flights[LOGIN];
    set({ ...LOGGED_OUT, ...changes });
    await end(token);
    await (flight == null ? void 0 : flight.catch(nothing));
  };
  const getUser = async () => {
    if (!await usable()) return null;
    set({ user: await call(ME) });
    return state.user;
  };
  const leave = async () => {
    const erase = () => {
      set({ l: true });
      return rescue(call(ME, void 0, "DELETE", TRIES), /^4/, (error) => {
        set({ l: false });
        throw error;
      });
    };
    try {
      if (!await getUser()) throw loggedOut();
      await rescue(erase(), / REAUTH/, () => logIn().then(erase));
    } catch (error) {
      if (!/^LOGGED/.test(error.code) || !state.l) throw error;
    }
    set(LOGGED_OUT);
  };
  return [logIn, usable, quit, getUser, leave];
}

// sdk/mini-program/src/outcomes.ts
function createOutcomes(host, invoke, flights, call, send, [state, set], logIn, usable) {
  let isRejected = false;
  const outcome = async (work) => {
    try {
      const granted = await work();
      if (granted) set({ user: granted.user });
      return { ...granted, status: "granted" };
    } catch (failure) {
      if (failure instanceof AuthError) throw failure;
      const error = refusal(failure);
      return { status: error.code.toLowerCase().replace("_", "-"), error };
    }
  };
  const handler = (work) => ({ detail }) => outcome(() => work(detail));
  const look = async (api, scope) => {
    const { authSetting = {} } = await invoke(api);
    const known = authSetting[scope];
    if (!known) throw known === false ? "REFUSED_BEFORE" : "NEVER_ASKED";
  };
  const decrypt = (route, data, again) => rescue(
    call(`/v1/mini-program/${route}`, data),
    again ? /STALE/ : /^$/,
    (error) => logIn().then(() => again(error))
  );
  return {
    ensureScope: (scope, { ask = true } = {}) => single(
      flights,
      `${scope}${ask}`,
      () => outcome(
        () => look("getSetting", scope).catch(async (failure) => {
          if (!ask || failure !== "NEVER_ASKED") throw failure;
          await invoke("authorize", { scope });
          return void 0;
        })
      )
    ),
    openSettings: (scope) => outcome(() => look("openSetting", scope)),
    ensurePrivacy: () => single(
      flights,
      "privacy",
      () => outcome(async () => {
        if (host().getPrivacySetting && (await invoke("getPrivacySetting")).needAuthorization)
          await invoke("requirePrivacyAuthorize");
        return void 0;
      })
    ),
    phoneNumber: handler(async (detail) => {
      if (!detail.code && !detail.encryptedData) throw detail;
      const { user } = await decrypt("phone-number", detail, (error) => {
        throw failed("SESSION_KEY_STALE", error);
      });
      return { user, phoneNumber: user.phoneNumber };
    }),
    avatar: handler(async (detail) => {
      if (!detail.avatarUrl) throw detail;
      const file = { url: `${ME}/avatar`, filePath: detail.avatarUrl, name: "file" };
      return { user: dataOf(await send("uploadFile", file)) };
    }),
    nickname: handler(async ({ value, pass }) => {
      const { nickname = value } = value != null ? value : {};
      const text = typeof nickname === "string" ? nickname.trim() : "";
      isRejected = pass === false || isRejected && !text && !pass;
      if (!text) throw isRejected ? "REJECTED" : "EMPTY";
      return { user: await call(ME, { nickname: text }) };
    }),
    async openData(get) {
      const getData = async (again) => decrypt(
        "open-data",
        await settle(get).catch((failure) => {
          throw refusal(failure);
        }),
        again
      );
      const { t: tokens } = state;
      await usable();
      if (tokens) await invoke("checkSession").catch(logIn);
      return (await getData(() => getData())).data;
    }
  };
}

// sdk/mini-program/src/state.ts
var OLD_KEYS = ["tokens", "loggedOut"];
function createState(host, storage, key, cancelLogin) {
  const listeners = /* @__PURE__ */ new Set();
  const state = { status: "unknown" };
  let seen;
  const [get, put, remove] = ["get", "set", "remove"].map(
    (verb) => (...words) => attempt(
      () => storage === void 0 ? host()[`${verb}StorageSync`](...words) : storage[`${verb}Item`](...words)
    )
  );
  const write = () => {
    put(key, seen = attempt(() => JSON.stringify({ ...state, user: void 0 })));
    if (get(key) !== seen) remove(key);
  };
  const tell = (to, user) => {
    const guest = state.t && to[0] && state.guest || void 0;
    if (guest) state.guest = null;
    const change = { status: state.status, user, guest };
    Promise.all(to.map(async (listener) => listener(change))).then(
      () => guest && write(),
      (error) => {
        if (guest && state.t) set({ guest });
        console.error(error);
      }
    );
  };
  const set = (changes, isRead) => {
    const { status, user } = state;
    Object.assign(state, changes);
    if (!isRead) write();
    const news = state.user !== user && state.user || void 0;
    const isChanged = state.status !== status;
    if (isChanged && /out|guest/.test(state.status)) cancelLogin();
    if (news || isChanged) tell([...listeners], news);
  };
  const reload = () => {
    var _a;
    const text = get(key);
    if (text && text !== seen) set((_a = attempt(() => JSON.parse(seen = text))) != null ? _a : {}, true);
  };
  const onChange = (listener) => {
    listeners.add(listener);
    if (state.guest && state.t) tell([listener]);
    return () => void listeners.delete(listener);
  };
  reload();
  const [tokens, loggedOut2] = OLD_KEYS.map(get);
  const { accessToken, refreshToken } = tokens != null ? tokens : {};
  const isToken = /\.\d+\./.test(refreshToken);
  if (!seen && (isToken || loggedOut2 === true)) {
    OLD_KEYS.map(remove);
    set({
      status: isToken ? "logged-in" : "logged-out",
      t: isToken ? [accessToken, refreshToken] : null
    });
  }
  return [state, set, reload, onChange];
}

// sdk/mini-program/src/create-auth.ts
var LOGIN_TIMEOUT_MS = 1e4;
var MAX_NOTES = 50;
var shared = /* @__PURE__ */ new WeakMap();
function createAuth(options) {
  var _a;
  const { appId, header = "Authorization", storage, adapter } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const host = () => adapter != null ? adapter : typeof wx === "undefined" ? {} : wx;
  const owner = storage != null ? storage : host();
  const flights = (_a = shared.get(owner)) != null ? _a : {};
  shared.set(owner, flights);
  const store = createState(host, storage, `wechat-auth-1 ${baseUrl}`, () => delete flights[LOGIN]);
  const [state, set, , onChange] = store;
  const [invoke, send, dropIn, call] = createRequests(host, (rejected) => usable(rejected), baseUrl, header);
  const getCode = () => invoke("login", { timeout: LOGIN_TIMEOUT_MS }).then((result) => result.code || Promise.reject(result)).catch((reason) => {
    throw failed("WX_LOGIN_FAILED", reason);
  });
  const [logIn, usable, quit, getUser, leave] = createSession(store, flights, call, getCode, appId);
  return {
    get status() {
      return state.status;
    },
    get user() {
      var _a2;
      return (_a2 = state.user) != null ? _a2 : null;
    },
    login: logIn,
    request: dropIn("request"),
    upload: dropIn("uploadFile"),
    call,
    code: () => getCode().catch(getCode),
    getUser,
    logout: () => quit(),
    leave,
    onChange,
    continueAsGuest() {
      var _a2;
      const guest = (_a2 = state.guest) != null ? _a2 : { id: `${Math.random()}`, notes: [] };
      void quit({ status: "guest", guest });
      return {
        id: guest.id,
        note(entry) {
          var _a3;
          const { notes } = (_a3 = state.guest) != null ? _a3 : guest;
          if (state.status === "guest")
            set({ guest: { id: guest.id, notes: [...notes, entry].slice(-MAX_NOTES) } });
        }
      };
    },
    ...createOutcomes(host, invoke, flights, call, send, store, logIn, usable)
  };
}

// sdk/mini-program/single.ts
module.exports = { AuthError, createAuth };
