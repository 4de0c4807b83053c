/* @wechat-auth/mini-program, Apache-2.0 */
// sdk/shared/advice.ts
var ROWS = [
  [/^(NETWORK|TIMEOUT|WX_LOGIN)/, "请检查网络后重试。", "Please check the network and try again."],
  [
    /LOGGED_OUT|GUEST|SESSION_ENDED|TOKEN_|^(SCAN|ATTEMPT|LOGIN|STATE)_/,
    "请重新登录。",
    "Please log in again."
  ],
  [/^ACCOUNT_DISABLED/, "账号已停用，请联系客服。", "This account is disabled. Please contact support."],
  [/^WECHAT_USER/, "此账号被微信限制。", "This account is restricted by WeChat."],
  [/^PHONE_NUMBER_TAKEN/, "此手机号已绑定其他账号。", "This phone number has another account."]
];
var LATER = { zh: "服务繁忙，请稍后重试。", en: "The service is busy. Please try again later." };
var OTHERWISE = { zh: "操作失败，请联系客服。", en: "This did not work. Please contact support." };
function adviceFor(code, retryable) {
  const row = ROWS.find(([codes]) => codes.test(code));
  if (row) return { zh: row[1], en: row[2] };
  return retryable ? LATER : OTHERWISE;
}

// sdk/shared/auth-error.ts
var AuthError = class extends Error {
  constructor(code, details = {}) {
    super(details.detail ? `${code}: ${details.detail}` : code);
    this.retryable = false;
    this.name = "AuthError";
    this.code = code;
    this.advice = adviceFor(code, !!details.retryable);
    Object.assign(this, details);
  }
};
function errorOf(status, body, retryAfter) {
  const { code, requestId, detail } = Object(body);
  return new AuthError(typeof code === "string" ? code : `HTTP_${status}`, {
    status,
    requestId,
    detail,
    // Refused means not done.
    retryable: status === 429 || status === 503,
    retryAfter: retryAfter && Number(retryAfter) >= 0 ? Number(retryAfter) : void 0
  });
}

// sdk/mini-program/src/platform.ts
var GRACE_MS = 2e3;
var sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
function attempt(run) {
  try {
    return run();
  } catch (e) {
    return void 0;
  }
}
var hostOf = (adapter) => adapter || (typeof wx === "undefined" ? {} : wx);
function settle(run, timeout) {
  let timer;
  const promise = new Promise((success, fail) => {
    if (timeout) timer = setTimeout(fail, timeout + GRACE_MS, { errMsg: "fail timeout" });
    const returned = run({ success, fail });
    if (returned && returned.then) {
      returned.then((value) => {
        const [failure, result] = Array.isArray(value) ? value : [0, value];
        if (failure) fail(failure);
        else if (result) success(result);
      }, fail);
    }
  });
  const clear = () => clearTimeout(timer);
  promise.then(clear, clear);
  return promise;
}

// sdk/mini-program/src/failures.ts
var messageOf = (failure) => {
  const { errMsg, message } = Object(failure);
  return errMsg || message || String(failure);
};
var failed = (code, reason, retryable) => new AuthError(code, { retryable, detail: messageOf(reason), reason });
function networkError(reason) {
  const message = messageOf(reason);
  if (/abort/.test(message)) return failed("ABORTED", reason, false);
  return failed(/time.?out/i.test(message) ? "TIMEOUT" : "NETWORK_FAILED", reason, true);
}
var bodyOf = ({ data }) => typeof data === "string" ? attempt(() => JSON.parse(data)) : data;
var codeOf = (reply) => {
  const { code } = Object(bodyOf(reply));
  return typeof code === "string" ? code : "";
};
function retryAfterOf({ header }) {
  for (const name in header) if (/^retry-after$/i.test(name)) return header[name];
  return void 0;
}
var replyError = (reply) => reply.statusCode < 300 ? networkError("not JSON") : errorOf(reply.statusCode, bodyOf(reply), retryAfterOf(reply));
var REFUSALS = [
  ["privacy-refused", /^104 |privacy permission/],
  ["not-declared", /^(112|1026) |declare|requiredPriv|require permission|permission (desc|text)/],
  ["no-quota", /1400001|quota/],
  ["no-permission", /^102 |no permission/],
  ["busy", /in progress/],
  ["banned", /banned/],
  ["refused", /^103 |^(?!.*system).*(deny|denied|cancel)/]
];
var refusal = (status, reason) => ({
  status,
  error: failed(
    /TAP/.test(messageOf(reason)) ? "TAP_REQUIRED" : status.toUpperCase().replace("-", "_"),
    reason,
    status === "busy"
  )
});
function judge(failure, possible) {
  const rowOf = (text) => REFUSALS.find(([, pattern]) => pattern.test(text));
  const [status] = rowOf(`${Object(failure).errno} `) || rowOf(messageOf(failure)) || [""];
  return refusal(possible.test(status) ? status : "unavailable", failure);
}

// sdk/mini-program/src/flights.ts
function single(flights, name, work) {
  const known = flights[name];
  if (known) return known;
  const flight = work(() => flights[name] === flight);
  flights[name] = flight;
  const end = () => {
    if (flights[name] === flight) delete flights[name];
  };
  flight.then(end, end);
  return flight;
}

// sdk/mini-program/src/guest.ts
var MAX_NOTES = 50;
var randomId = () => `${Math.random()}${Math.random()}`.replace(/0\./g, "");
function becomeGuest([now, set], quit) {
  const { id, notes } = now().guest || { id: randomId(), notes: [] };
  quit({ status: "guest", guest: { id, notes } });
  return {
    id,
    note(entry) {
      const { status, guest } = now();
      if (guest && status === "guest")
        set({ status, guest: { id, notes: [...guest.notes, entry].slice(-MAX_NOTES) } });
    }
  };
}

// sdk/mini-program/src/leave.ts
async function leaveBy([now, set], getUser, logIn, erase) {
  try {
    for (let again = true; ; again = false) {
      if (!await getUser()) throw new AuthError("LOGGED_OUT");
      set({ ...now(), leaving: true });
      try {
        await erase();
        break;
      } catch (error) {
        const { code, status } = error;
        if (status && status < 500) set({ ...now(), leaving: false });
        if (!again || code !== "REAUTHENTICATION_REQUIRED") throw error;
        await logIn();
      }
    }
  } catch (error) {
    if (error.code !== "LOGGED_OUT" || !now().leaving) throw error;
  }
  set({ status: "logged-out" });
}

// sdk/mini-program/src/permissions.ts
var GRANTED = { status: "granted" };
var POSSIBLE = /refused|not-decl/;
function createPermissions(invoke, has, once) {
  const look = async (api, scope) => {
    const { authSetting } = await invoke(api);
    const known = Object(authSetting);
    if (known[scope] === true) return GRANTED;
    return refusal(known[scope] === false ? "refused-before" : "never-asked");
  };
  const judged = (failure) => judge(failure, POSSIBLE);
  return {
    ensureScope: (scope, { ask = true } = {}) => once(`${scope}${ask}`, async () => {
      const outcome = await look("getSetting", scope);
      if (!ask || outcome.status !== "never-asked") return outcome;
      await invoke("authorize", { scope });
      return GRANTED;
    }).catch(judged),
    openSettings: (scope) => look("openSetting", scope).catch(judged),
    ensurePrivacy: () => once("privacy", async () => {
      if (has("getPrivacySetting") && has("requirePrivacyAuthorize")) {
        const { needAuthorization } = await invoke("getPrivacySetting");
        if (needAuthorization) await invoke("requirePrivacyAuthorize");
      }
      return GRANTED;
    }).catch((failure) => {
      const outcome = judge(failure, /refused|not-decl|banned/);
      return outcome.status === "privacy-refused" ? refusal("refused", failure) : outcome;
    })
  };
}

// sdk/mini-program/src/persist.ts
var PATIENCE_MS = 2e4;
async function persist(send, isRepeatable, isOurs = true, tries = 3) {
  const start = Date.now();
  for (; ; ) {
    let wait = 2 ** -tries * 4e3;
    let end;
    try {
      const reply = await send();
      const seconds = retryAfterOf(reply);
      const code = isOurs ? codeOf(reply) : "";
      end = () => reply;
      if (seconds) wait = Number(seconds) * 1e3;
      const isRefused = /429|503/.test(`${reply.statusCode}`) && (code || seconds) && !code.startsWith("WECHAT");
      if (!isRefused && !(isRepeatable && /429|50[234]/.test(`${reply.statusCode}`))) return reply;
    } catch (error) {
      end = () => {
        throw error;
      };
      if (!isRepeatable || !error.retryable) throw error;
    }
    wait *= 1 + Math.random() / 2;
    if (!--tries || !(Math.abs(Date.now() - start) + wait < PATIENCE_MS)) return end();
    await sleep(wait);
  }
}

// sdk/mini-program/src/requests.ts
var TIMEOUT_MS = 15e3;
var NOT_THE_TOKEN = /^(WECHAT|TOKEN|LOGIN)_CODE|_KEY_|_TICKET_/;
function dataOf(reply) {
  const data = reply.statusCode === 204 ? null : bodyOf(reply);
  if (reply.statusCode >= 300 || data === void 0) throw replyError(reply);
  return data;
}
var createStart = (send, usable, baseUrl, header) => (api, options, isRepeatable) => {
  const { success, fail, complete, ...rest } = options;
  const flight = {};
  const url = rest.url.startsWith("/") ? baseUrl + rest.url : rest.url;
  const mayRepeat = isRepeatable || api === "request" && /^(GET|HEAD)$/i.test(rest.method || "GET");
  const work = async () => {
    try {
      let tokens = await usable();
      const go = () => persist(
        () => {
          const bearer = tokens && { [header]: `Bearer ${tokens.accessToken}` };
          return send(api, { ...rest, url, header: { ...rest.header, ...bearer } }, flight);
        },
        mayRepeat,
        url.startsWith(baseUrl)
      );
      const reply = await go();
      if (reply.statusCode !== 401 || !tokens || NOT_THE_TOKEN.test(codeOf(reply))) return reply;
      tokens = await usable(tokens.accessToken);
      return await go();
    } catch (error) {
      const { code, reason } = error;
      const { errMsg = `${api}:fail ${code}` } = Object(reason);
      throw Object.assign(error, { errMsg });
    }
  };
  const promise = work();
  const tell = (callback) => (result) => {
    if (callback) callback(result);
    if (complete) complete(result);
  };
  if (success || fail || complete) promise.then(tell(success), tell(fail));
  return Object.assign(promise, {
    abort() {
      flight.aborted = true;
      if (flight.task && flight.task.abort) flight.task.abort();
    }
  });
};

// sdk/mini-program/src/profile.ts
var ME = "/v1/users/me";
var STALE = "SESSION_KEY_STALE";
var detailOf = ({ detail }) => Object(detail);
var isStale = (error) => error.code === STALE;
function createProfile({ call, upload }, heard, logIn, checkKey) {
  let isRejected = false;
  const granted = (user) => {
    heard(user);
    return { status: "granted", user };
  };
  return {
    async phoneNumber(event) {
      const { code, encryptedData, iv, ...failure } = detailOf(event);
      if (!code && !encryptedData) return judge(failure, /refused|no/);
      try {
        const data = code ? { code } : { encryptedData, iv };
        const { user } = await call("/v1/mini-program/phone-number", data);
        return { ...granted(user), phoneNumber: `${user.phoneNumber}` };
      } catch (error) {
        if (!isStale(error)) throw error;
        await logIn();
        throw failed(STALE, error, true);
      }
    },
    async avatar(event) {
      const { avatarUrl, ...failure } = detailOf(event);
      if (!avatarUrl) return judge(failure, /refused|not-decl|busy/);
      return granted(
        dataOf(await upload({ url: `${ME}/avatar`, filePath: avatarUrl, name: "file" }))
      );
    },
    async nickname(event) {
      const { value, pass, timeout } = detailOf(event);
      const { nickname = value } = Object(value);
      const text = typeof nickname === "string" ? nickname.trim() : "";
      isRejected = pass === false || !!timeout || isRejected && !text && !pass;
      if (!text) return refusal(isRejected ? "rejected" : "empty");
      return granted(await call(ME, { nickname: text }));
    },
    async openData(get) {
      await checkKey();
      for (let again = true; ; again = false) {
        const { encryptedData, iv } = await settle(get).catch((failure) => {
          throw judge(failure, /refused|not-decl/).error;
        });
        try {
          return (await call("/v1/mini-program/open-data", { encryptedData, iv })).data;
        } catch (error) {
          if (!again || !isStale(error)) throw error;
          await logIn();
        }
      }
    }
  };
}

// sdk/mini-program/src/record.ts
var VERSION = 1;
var OLD_KEYS = ["tokens", "loggedOut"];
var REFRESH_TOKEN = /^[\w-]+\.\d+\./;
function openRecord(storage, key) {
  let seen;
  let isForeign = false;
  const get = (name) => attempt(() => storage.getItem(name));
  const remove = (name) => attempt(() => storage.removeItem(name));
  const read = () => {
    const text = get(key);
    if (!text || text === seen) return void 0;
    seen = text;
    const { v, ...state } = Object(attempt(() => JSON.parse(text)));
    isForeign = v > VERSION;
    return v === VERSION ? state : void 0;
  };
  const write = (state) => {
    if (isForeign) return;
    attempt(() => storage.setItem(key, seen = JSON.stringify({ v: VERSION, ...state })));
    if (get(key) !== seen) remove(key);
  };
  const readOld = () => {
    const [tokens, loggedOut2] = OLD_KEYS.map(get);
    const isToken = REFRESH_TOKEN.test(Object(tokens).refreshToken);
    if (!isToken && loggedOut2 !== true) return void 0;
    OLD_KEYS.map(remove);
    return isToken ? { status: "logged-in", tokens } : { status: "logged-out" };
  };
  return [read, write, readOld];
}

// sdk/mini-program/src/session.ts
var LOGIN = "";
var MARGIN_S = 60;
var loggedOut = () => new AuthError("LOGGED_OUT");
function tokensIn(reply) {
  const { accessToken, refreshToken, expiresIn } = Object(bodyOf(reply));
  if (!accessToken) throw replyError(reply);
  const renewAt = Date.now() + Math.max(expiresIn - MARGIN_S, expiresIn / 2) * 1e3;
  return { accessToken, refreshToken, renewAt };
}
function createSession([now, set, reload], flights, post, getCode, appId) {
  const end = async (tokens) => tokens && persist(() => post("auth/logout", { refreshToken: tokens.refreshToken }), true).catch(() => void 0);
  const exchange = async (again) => {
    const reply = await persist(
      async () => post("mini-program/login", { code: await getCode(), appId }),
      true
    );
    return again && codeOf(reply).startsWith("WECHAT_CODE") ? exchange() : reply;
  };
  const logIn = async () => {
    if (!flights[LOGIN]) reload();
    const [login, next, owner] = await single(flights, LOGIN, async (isCurrent) => {
      const reply = await exchange(true);
      const tokens = tokensIn(reply);
      const { user, identity, isNewUser } = bodyOf(reply);
      reload();
      if (!isCurrent()) {
        await end(tokens);
        throw loggedOut();
      }
      const { tokens: old, guest } = now();
      const state = { status: "logged-in", tokens, guest };
      set(state, user);
      void end(old);
      return [{ user, identity, isNewUser }, state, set];
    });
    if (owner !== set) {
      reload();
      set(now().tokens ? now() : next, login.user, true);
    }
    return login;
  };
  const refresh = ({ refreshToken }, tries) => single(flights, refreshToken, async () => {
    const reply = await persist(() => post("auth/refresh", { refreshToken }), true, true, tries);
    const isOver = /40[01]/.test(`${reply.statusCode}`) && codeOf(reply);
    const tokens = isOver ? void 0 : tokensIn(reply);
    reload();
    const state = now();
    if (!state.tokens || state.tokens.refreshToken !== refreshToken) return;
    const status = tokens ? "logged-in" : state.leaving ? "logged-out" : "unknown";
    set({ ...state, status, tokens });
  });
  const usable = async (rejected) => {
    const stale = () => {
      const { tokens } = now();
      return tokens && (tokens.accessToken === rejected || Date.now() > tokens.renewAt) ? tokens : void 0;
    };
    if (!flights[LOGIN]) {
      if (stale() || !now().tokens) reload();
      const old = stale();
      if (old) {
        await refresh(old, rejected ? 3 : 1).catch((error) => {
          if (rejected || !error.retryable) throw error;
        });
      }
    }
    if (flights[LOGIN] || now().status === "unknown") await logIn();
    if (now().status === "logged-out") throw loggedOut();
    return now().tokens;
  };
  const quit = async (state) => {
    reload();
    const { tokens } = now();
    const flight = flights[LOGIN];
    delete flights[LOGIN];
    set(state);
    await Promise.all([end(tokens), flight && flight.catch(() => void 0)]);
  };
  return [logIn, usable, quit];
}

// sdk/mini-program/src/state.ts
function createState([read, write, readOld], cancelLogin) {
  const listeners = /* @__PURE__ */ new Set();
  let state = read() || readOld() || { status: "unknown" };
  let user = null;
  const now = () => state;
  const currentUser = () => user;
  const tell = (to, news) => {
    const { status, guest } = state;
    const notes = status === "logged-in" && to[0] ? guest : void 0;
    if (notes) state = { ...state, guest: void 0 };
    Promise.all(to.map(async (listener) => listener({ status, user: news, guest: notes }))).then(
      () => notes && write(state),
      (error) => {
        if (notes && state.status === status) set({ ...state, guest });
        console.error(error);
      }
    );
  };
  function set(next, news, isRead) {
    const { status } = state;
    state = next;
    user = next.tokens ? news || user : null;
    if (!isRead) write(next);
    const isChanged = status !== next.status;
    if (isChanged && /out|guest/.test(next.status)) cancelLogin();
    if (news || isChanged) tell([...listeners], news);
  }
  const reload = () => {
    const stored = read();
    if (stored) set(stored, void 0, true);
  };
  const onChange = (listener) => {
    listeners.add(listener);
    if (state.guest) tell([listener]);
    return () => void listeners.delete(listener);
  };
  return [now, set, reload, currentUser, onChange];
}

// sdk/mini-program/src/create-auth.ts
var shared = /* @__PURE__ */ new WeakMap();
function createAuth(options) {
  const { appId, header = "Authorization", adapter } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const run = (name, ...words) => hostOf(adapter)[name](...words);
  const has = (name) => !!hostOf(adapter)[name];
  const {
    storage = {
      getItem: (key) => run("getStorageSync", key),
      setItem: (key, value) => void run("setStorageSync", key, value),
      removeItem: (key) => void run("removeStorageSync", key)
    }
  } = options;
  const owner = options.storage || hostOf(adapter);
  const flights = shared.get(owner) || {};
  shared.set(owner, flights);
  const invoke = (name, given) => settle((callbacks) => run(name, { ...given, ...callbacks }), given && given.timeout);
  const send = (api, given, flight = {}) => settle((callbacks) => {
    if (flight.aborted) throw new Error("abort");
    return flight.task = run(api, { ...given, ...callbacks });
  }, given.timeout).catch((reason) => {
    throw networkError(reason);
  });
  const post = (route, data) => send("request", { url: `${baseUrl}/v1/${route}`, method: "POST", data, timeout: TIMEOUT_MS });
  const getCode = async (again) => {
    const { code: code2, reason } = await invoke("login", {
      timeout: 1e4
    }).catch((failure) => ({ reason: failure, code: "" }));
    if (code2) return code2;
    if (again) return getCode();
    throw failed("WX_LOGIN_FAILED", reason, true);
  };
  const code = () => getCode(true);
  const state = createState(openRecord(storage, `wechat-auth ${baseUrl}`), () => delete flights[LOGIN]);
  const [now, set, , currentUser, onChange] = state;
  const [logIn, usable, quit] = createSession(state, flights, post, code, appId);
  const start = createStart(send, usable, baseUrl, header);
  const call = async (path, data, method = data ? "POST" : "GET", isRepeatable) => dataOf(await start("request", { url: path, method, data, timeout: TIMEOUT_MS }, isRepeatable));
  const heard = (user) => set(now(), user);
  const getUser = async () => {
    if (!await usable()) return null;
    const user = await call("/v1/users/me");
    heard(user);
    return user;
  };
  const checkKey = async () => {
    const { tokens } = now();
    await usable();
    if (tokens && has("checkSession")) await invoke("checkSession").catch(logIn);
  };
  const calls = {
    request: (given) => start("request", given),
    upload: (given) => start("uploadFile", given),
    call
  };
  return {
    get status() {
      return now().status;
    },
    get user() {
      return currentUser();
    },
    ...calls,
    login: logIn,
    code,
    getUser,
    logout: () => quit({ status: "logged-out" }),
    leave: () => leaveBy(state, getUser, logIn, () => call("/v1/users/me", void 0, "DELETE", true)),
    onChange,
    continueAsGuest: () => becomeGuest(state, quit),
    ...createPermissions(invoke, has, (name, work) => single(flights, name, work)),
    ...createProfile(calls, heard, logIn, checkKey)
  };
}

// sdk/mini-program/single.ts
module.exports = { AuthError, createAuth };
