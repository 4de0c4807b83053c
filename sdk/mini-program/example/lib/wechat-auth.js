/* @wechat-auth/mini-program, Apache-2.0 */
// sdk/shared/advice.ts
var ADVICE = `^(NET|TIME|REQ|WX),检查网络,Check the network
^(SCAN|ATT),重新扫码,Scan a new code
^LOG|END|TOK|AUTH|PROO|TICK|STAT,重新登录,Log in again
BEF,在设置中允许,Allow it in settings
REFU|ASK|STAL|TAP|_CODE,再点一次并同意,Tap again and agree
TAK|QUO|AD_T|AR_I|REJ|EMP,换一个,Try another one
true$|^ABO,稍后再试,Try again later
,联系客服,Contact support`;

// sdk/shared/row-of.ts
var rowOf = (table, text) => table.split("\n").map((row) => row.split(",")).find(([pattern]) => RegExp(pattern, "i").test(text));

// sdk/shared/auth-error.ts
var AuthError = class extends Error {
  constructor(code, details = {}) {
    super(details.detail ? code + ": " + details.detail : code);
    const [, zh, en] = rowOf(ADVICE, `${code} ${details.retryable}`);
    const advice = { zh: `请${zh}`, en };
    Object.assign(this, { retryable: false, ...details, name: "AuthError", code, advice });
  }
};
var textOf = (value) => typeof value === "string" ? value : void 0;
function problemError(status, body, seconds, reason) {
  var _a;
  const problem = body;
  return new AuthError(textOf(problem == null ? void 0 : problem.code) || `HTTP_${status}`, {
    status,
    requestId: textOf(problem == null ? void 0 : problem.requestId),
    detail: textOf(problem == null ? void 0 : problem.detail),
    errors: ((_a = problem == null ? void 0 : problem.errors) == null ? void 0 : _a.map) && problem.errors,
    retryable: status === 429 || status > 501,
    retryAfter: seconds >= 0 ? seconds : void 0,
    reason
  });
}

// sdk/mini-program/src/failures.ts
var failed = (code, reason) => new AuthError(code, {
  retryable: /^(NET|TIME|WX|BUSY)/.test(code),
  detail: textOf(messageOf(reason)),
  reason
});
var messageOf = (failure) => {
  const known = failure;
  return (known == null ? void 0 : known.errMsg) || (known == null ? void 0 : known.message) || failure;
};
var networkError = (reason) => failed(rowOf(`(^|l.)abort,ABORTED
time.*out,TIMEOUT
,NETWORK_FAILED`, messageOf(reason))[1], reason);
var REFUSALS = `^(?!.*requireP)(104 |.*privacy perm),PRIVACY_REFUSED
^(112|1026) |decla|n (desc|text),NOT_DECLARED
1400001|quota,NO_QUOTA
^102 |phone.*no perm,NO_PERMISSION
TAP,TAP_REQUIRED
progress,BUSY
banned,BANNED
^10[34] |^(?!.*system).*(den(y|ied)|cancel|not auth),REFUSED
,UNAVAILABLE`;
function refusal(failure) {
  const message = messageOf(failure);
  const [, code] = rowOf(REFUSALS, `${failure == null ? void 0 : failure.errno} ${message}`);
  return failed(/^[A-Z_]+$/.test(message) ? message : code, failure);
}

// sdk/mini-program/src/flights.ts
function single(flights, name, work) {
  const isCurrent = () => flights[name] === flight;
  const flight = flights[name] || work(isCurrent).finally(() => isCurrent() && delete flights[name]);
  return flights[name] = flight;
}

// sdk/mini-program/src/platform.ts
var GRACE_MS = 2e3;
var { stringify: toJson } = JSON;
var nothing = () => void 0;
function attempt(run) {
  let result;
  try {
    result = run();
  } catch (e) {
  }
  return result;
}
function settle(run, timeout) {
  let timer;
  return new Promise((success, fail) => {
    var _a;
    if (timeout) timer = setTimeout(fail, timeout + GRACE_MS, "timeout");
    const returned = run({ success, fail });
    (_a = returned == null ? void 0 : returned.then) == null ? void 0 : _a.call(returned, (value) => {
      const [failure, result] = (value == null ? void 0 : value.map) ? value : [0, value];
      if (failure) fail(failure);
      else if (result) success(result);
    }, fail);
  }).finally(() => clearTimeout(timer));
}

// sdk/mini-program/src/requests.ts
var TIMEOUT_MS = 15e3;
var TRIES = 3;
var PATIENCE_MS = 2e4;
var bodyOf = ({ data }) => textOf(data) ? attempt(() => JSON.parse(data)) : data;
function dataOf(reply) {
  if (reply.statusCode === 204) return null;
  const data = bodyOf(reply);
  if (!data) throw networkError("no JSON");
  return data;
}
function createRequests(host, usable, baseUrl, header) {
  const invoke = (name, options = {}, watch) => settle((callbacks) => {
    watch == null ? void 0 : watch();
    const task = host()[name]({ ...options, ...callbacks });
    watch == null ? void 0 : watch(task);
    return task;
  }, options.timeout);
  const send = async (api, options, tries, watch) => {
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
            // Where it is missing, the platform says so.
            url: /^\//.test(url) ? baseUrl + url : url,
            data: getData ? await getData() : data,
            header: { ...options.header, ...tokens && { [header]: `Bearer ${tokens[0]}` } }
          },
          watch
        ).catch((reason) => {
          throw networkError(reason);
        });
        const { statusCode } = reply;
        if (statusCode < 400) return reply;
        const body = bodyOf(reply);
        const seconds = Number((_a = /retry-after\W+(\d+)/i.exec(toJson(reply.header))) == null ? void 0 : _a[1]);
        throw problemError(statusCode, body, seconds, reply);
      } catch (error) {
        const known = error;
        const { code, status, retryAfter } = known;
        if (tokens && !rejected && /^401 (?!\w+_CODE_)/.test(`${status} ${code}`)) {
          rejected = tokens[0];
          tokens = await usable(rejected);
          continue;
        }
        const wait = (retryAfter >= 0 ? retryAfter * 1e3 : 4e3 / 2 ** left) * (1 + Math.random() / 2);
        const mayRepeat = tries || getData || /t(GET|HEAD)$/i.test(api + method) ? known.retryable : (
          // The problem of a stranger is no proof. A code of WeChat's may be spent where WeChat was slow.
          (status === 429 || status === 503) && (known.requestId || retryAfter >= 0) && !/^WECHAT/.test(code)
        );
        if (!mayRepeat || !--left || Math.abs(Date.now() - start) + wait > PATIENCE_MS) {
          if (watch && status) return known.reason;
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  };
  const dropIn = (api) => ({ success, fail, complete, ...options }) => {
    let task;
    let isAborted;
    const asked = [];
    const promise = send(api, options, 0, (next) => {
      if (isAborted) throw new Error("abort");
      task = next;
      asked.forEach((ask) => ask());
    }).catch((error) => {
      var _a;
      const known = error;
      known.errMsg = ((_a = known.reason) == null ? void 0 : _a.errMsg) || api + ":fail " + known.code;
      throw error;
    });
    promise.then(success, fail || nothing);
    promise.then(complete || nothing, complete || nothing);
    const passOn = (name) => {
      promise[name] = (listener) => {
        const ask = () => {
          var _a;
          return (_a = task == null ? void 0 : task[name]) == null ? void 0 : _a.call(task, listener);
        };
        asked.push(ask);
        ask();
        isAborted || (isAborted = name === "abort");
      };
    };
    passOn("abort");
    for (const verb of ["on", "off"])
      for (const event of ["ProgressUpdate", "HeadersReceived", "ChunkReceived"]) passOn(verb + event);
    return promise;
  };
  const call = (url, data, method = data ? "POST" : "GET", tries) => send("request", { url, data, method, timeout: TIMEOUT_MS }, tries).then(dataOf);
  return [invoke, send, dropIn, call];
}

// sdk/mini-program/src/state.ts
var LOGGED_OUT = { status: "logged-out", t: null, l: false, guest: null };
var OLD_KEYS = ["tokens", "loggedOut"];
function createState(host, storage, key, flights) {
  const listeners = /* @__PURE__ */ new Set();
  const state = { status: "unknown" };
  let seen;
  let told;
  const [get, put, remove] = ["get", "set", "remove"].map(
    (verb) => (...words) => attempt(
      () => storage === void 0 ? host()[verb + "StorageSync"](...words) : storage[verb + "Item"](...words)
    )
  );
  const write = () => {
    const text = attempt(() => toJson({ ...state, user: void 0 }));
    put(key, text);
    if (get(key) !== text) remove(key);
    seen = get(key);
  };
  const news = () => state.t && listeners.size && state.guest !== told && state.guest || void 0;
  const tell = (user) => {
    const guest = news();
    told = guest || told;
    const change = { status: state.status, user, guest };
    Promise.all([...listeners].map(async (listener) => listener(change))).then(
      () => state.guest === guest && set({ guest: null }),
      (error) => {
        told = null;
        console.error(error);
      }
    );
  };
  const set = (changes, isRead) => {
    const { status, user } = state;
    Object.assign(state, changes);
    if (!state.t) state.user = null;
    if (!isRead) write();
    const known = toJson(state.user) !== toJson(user) && state.user || void 0;
    const isChanged = state.status !== status;
    if (isChanged && /out|guest/.test(state.status)) delete flights[key];
    if (known || isChanged) tell(known);
  };
  const adoptOld = () => {
    const [tokens, loggedOut2] = OLD_KEYS.map(get);
    const isToken = /\.\d+\./.test((tokens == null ? void 0 : tokens.refreshToken) || "");
    if (isToken || loggedOut2 === true) {
      OLD_KEYS.map(remove);
      set(
        isToken ? { status: "logged-in", t: [tokens.accessToken, tokens.refreshToken] } : LOGGED_OUT
      );
    }
  };
  const reload = () => {
    const text = get(key);
    if (text && text !== seen)
      attempt(() => {
        const stored = JSON.parse(seen = text);
        const { t: tokens, guest } = stored;
        if (/^{"status":"[glu]/.test(text) && (!tokens || tokens[1].trim()) && (!guest || "map" in guest.notes))
          set({ user: null, ...stored }, true);
      });
    else if (!seen) adoptOld();
  };
  const onChange = (listener) => {
    listeners.add(listener);
    if (news()) tell();
    return () => listeners.delete(listener);
  };
  return [state, set, reload, onChange];
}

// sdk/mini-program/src/session.ts
var ME = "/v1/users/me";
var MINI_PROGRAM = "/v1/mini-program/";
var loggedOut = () => new AuthError("LOGGED_OUT");
var rescue = (promise, pattern, handle) => promise.catch((error) => {
  const known = error;
  if (pattern.test(`${known.status} ${known.code} ${known.retryable}`)) return handle(error);
  throw error;
});
function createSession(state, set, reload, login, flights, call, getCode, appId) {
  const after = (reply) => {
    if (!(reply == null ? void 0 : reply.accessToken) || !reply.refreshToken) throw networkError(reply);
    return {
      status: "logged-in",
      t: [reply.accessToken, reply.refreshToken, Date.now() + reply.expiresIn * 900],
      l: false,
      user: reply.user || state.user
    };
  };
  const spend = (route, refreshToken, tries) => call(`/v1/auth/${route}`, () => ({ refreshToken }), "POST", tries);
  const end = (refreshToken) => refreshToken && spend("logout", refreshToken).catch(nothing);
  const exchange = () => call(MINI_PROGRAM + "login", async () => ({ code: await getCode(), appId }));
  const logIn = async () => {
    reload();
    const reply = await single(flights, login, async (isCurrent) => {
      var _a;
      const fresh = await rescue(exchange(), / WECHAT_CODE/, exchange);
      const next = after(fresh);
      reload();
      if (!isCurrent()) {
        await end(fresh.refreshToken);
        throw loggedOut();
      }
      void end((_a = state.t) == null ? void 0 : _a[1]);
      set(next);
      return fresh;
    });
    reload();
    return { user: reply.user, identity: reply.identity, isNewUser: reply.isNewUser };
  };
  const refresh = (refreshToken, rejected) => single(flights, refreshToken, async () => {
    var _a;
    const fresh = await rescue(
      spend("refresh", refreshToken, rejected ? TRIES : 1),
      /^40[01] (?!HTTP)/,
      nothing
    );
    reload();
    if (((_a = state.t) == null ? void 0 : _a[1]) !== refreshToken) return;
    if (fresh) set(after(fresh));
    else set({ t: null, status: state.l ? "logged-out" : "unknown" });
  });
  const usable = async (rejected) => {
    const stale = () => {
      const [accessToken, refreshToken, renewAt] = state.t || [];
      return (accessToken === rejected || Date.now() > renewAt) && refreshToken;
    };
    if (stale() !== false) reload();
    const old = stale();
    if (old) await rescue(refresh(old, rejected), rejected ? /^$/ : /true$/, nothing);
    while (flights[login] || !(state.t || /out|guest/.test(state.status))) await logIn();
    if (/out/.test(state.status)) throw loggedOut();
    return state.t;
  };
  const quit = async (changes) => {
    var _a;
    reload();
    const token = (_a = state.t) == null ? void 0 : _a[1];
    const flight = flights[login];
    delete flights[login];
    set({ ...LOGGED_OUT, ...changes });
    await end(token);
    await (flight == null ? void 0 : flight.catch(nothing));
  };
  const getUser = async () => {
    if (await usable()) set({ user: await call(ME), l: false });
    return state.user;
  };
  const leave = async () => {
    const erase = () => {
      set({ l: true });
      return call(ME, void 0, "DELETE", TRIES);
    };
    try {
      if (!await getUser()) throw loggedOut();
      await rescue(erase(), / REAUTH/, () => logIn().then(erase));
    } catch (error) {
      if (error.code !== "LOGGED_OUT" || !state.l) throw error;
    }
    set(LOGGED_OUT);
  };
  return [logIn, usable, quit, getUser, leave];
}

// sdk/mini-program/src/outcomes.ts
function createOutcomes(host, invoke, flights, call, send, state, set, logIn, usable) {
  let isRejected = false;
  const outcome = async (work, ...words) => {
    try {
      const granted = await work(...words);
      if (granted) set({ user: granted.user });
      return { ...granted, status: "granted" };
    } catch (failure) {
      if (failure instanceof AuthError) throw failure;
      const error = refusal(failure);
      return { status: error.code.toLowerCase().replace("_", "-"), error };
    }
  };
  const handler = (work) => ({ detail }) => outcome(work, detail);
  const look = async (api, scope, ask) => {
    var _a;
    const known = (_a = (await invoke(api)).authSetting) == null ? void 0 : _a[scope];
    if (known === false) throw "REFUSED_BEFORE";
    if (!known) {
      if (!ask) throw "NEVER_ASKED";
      await invoke("authorize", { scope });
    }
  };
  const renewed = (reply, again) => rescue(reply, /STALE/, (error) => logIn().then(() => again(error)));
  return {
    ensureScope: (scope, { ask = true } = {}) => single(flights, `${scope}${ask}`, () => outcome(look, "getSetting", scope, ask)),
    openSettings: (scope) => outcome(look, "openSetting", scope),
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
      const { user } = await renewed(call(MINI_PROGRAM + "phone-number", detail), (error) => {
        throw error;
      });
      return { user, phoneNumber: user.phoneNumber };
    }),
    avatar: handler(async (detail) => {
      if (!detail.avatarUrl) throw detail;
      return {
        user: dataOf(
          await send("uploadFile", { url: ME + "/avatar", filePath: detail.avatarUrl, name: "file" })
        )
      };
    }),
    nickname: handler(async ({ value, pass }) => {
      var _a;
      const form = value;
      const text = (_a = textOf((form == null ? void 0 : form.nickname) || value)) == null ? void 0 : _a.trim();
      isRejected = pass === false || isRejected && !text && !pass;
      if (text) return { user: await call(ME, { nickname: text }) };
      if (pass) return void 0;
      throw isRejected ? "REJECTED" : "EMPTY";
    }),
    async openData(get) {
      const getData = async () => call(
        MINI_PROGRAM + "open-data",
        await settle(get).catch((failure) => {
          throw refusal(failure);
        })
      );
      const before = state.t;
      await usable();
      if (before) await invoke("checkSession").catch(logIn);
      return (await renewed(getData(), getData)).data;
    }
  };
}

// sdk/mini-program/src/create-auth.ts
var LOGIN_TIMEOUT_MS = 1e4;
var MAX_NOTES = 50;
var shared = /* @__PURE__ */ new WeakMap();
function createAuth({
  baseUrl: address,
  appId,
  header = "Authorization",
  storage,
  adapter
}) {
  const baseUrl = address.replace(/\/+$/, "");
  const host = () => adapter || (typeof wx === "undefined" ? {} : wx);
  const owner = storage || host();
  const flights = shared.get(owner) || {};
  shared.set(owner, flights);
  const key = `wechat-auth-1 ${baseUrl}`;
  const [state, set, reload, onChange] = createState(host, storage, key, flights);
  reload();
  const [invoke, send, dropIn, call] = createRequests(host, (rejected) => usable(rejected), baseUrl, header);
  const getCode = () => invoke("login", { timeout: LOGIN_TIMEOUT_MS }).then((result) => result.code || Promise.reject(result)).catch((reason) => {
    throw failed("WX_LOGIN_FAILED", reason);
  });
  const [logIn, usable, quit, getUser, leave] = createSession(
    state,
    set,
    reload,
    key,
    flights,
    call,
    getCode,
    appId
  );
  return {
    get status() {
      return state.status;
    },
    get user() {
      return state.user || null;
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
      const guest = state.guest || { id: `${Math.random()}`, notes: [] };
      if (state.status !== "guest") void quit({ status: "guest", guest });
      return {
        id: guest.id,
        note(entry) {
          const notes = [...(state.guest || guest).notes, entry].slice(-MAX_NOTES);
          if (state.status === "guest") set({ guest: { ...guest, notes } });
        }
      };
    },
    ...createOutcomes(host, invoke, flights, call, send, state, set, logIn, usable)
  };
}

// sdk/mini-program/single.ts
module.exports = { AuthError, createAuth };
