const data = JSON.parse(document.getElementById('data').textContent);
const listeners = new Set();
const asked = new URLSearchParams(location.search);

/** The state of the page. Only `update` changes it. */
export const state = {
  ...data,
  people: [],
  apps: [],
  logins: [],
  wxacodes: [],
  /** The offset of the sandbox's clock from the computer's. */
  offsetSeconds: 0,
  personId: asked.get('person') ?? localStorage.getItem('sandbox.person'),
  screen: 'home',
  /** The QR login on the phone's screen. */
  login: null,
  /** The sample mini program: `{ step, code, site, device, problem, busy }`. */
  mini: null,
  /** A partner's login: `{ step, asked, appName, opened, returned, problem, busy }`. */
  partner: null,
  /** A purchase: `{ step, goods, good, asked, window, result, delivery, problem, busy }`. */
  shop: null,
  /** The page in WeChat's browser: `{ path, title, url, snapshot, loading }`. */
  page: null,
};

/** The person who holds the phone. */
export function holder() {
  return state.people.find(({ id }) => id === state.personId) ?? state.people[0];
}

/** The mini programs. */
export function miniPrograms() {
  return state.apps.filter(({ kind }) => kind === 'mini_program');
}

/** Changes the state and redraws what depends on it; draws nothing without a change. */
export function update(change) {
  const changed = Object.keys(change).filter(
    (name) => JSON.stringify(state[name]) !== JSON.stringify(change[name]),
  );
  if (changed.length === 0) return;
  Object.assign(state, change);
  if (changed.includes('personId')) rememberHolder();
  for (const listener of listeners) listener(changed);
}

/** Also tells connect/oauth2/authorize who holds the phone. */
export function rememberHolder() {
  localStorage.setItem('sandbox.person', state.personId);
  document.cookie = `sandbox_person=${state.personId}; path=/connect; SameSite=Lax`;
}

/** Calls `listener` with the names that changed. */
export function onChange(listener) {
  listeners.add(listener);
}

/**
 * Calls the control API and answers its JSON; throws an Error with its reason, its HTTP `status` and the `code` of what
 * the service refused, or one that `isOffline` where the sandbox does not answer.
 */
export async function control(path, body, method = 'POST') {
  const response = await fetch(
    `/control/${path}`,
    body && {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
  ).catch(() => {
    throw Object.assign(new Error(path), { isOffline: true });
  });
  const answer = await response.json();
  if (!response.ok) {
    throw Object.assign(new Error(answer.error), { status: response.status, code: answer.code });
  }
  return answer;
}

/** The parameters of the page: somebody scanned a code with a real camera. */
export function scannedCode() {
  return { uuid: asked.get('uuid'), wxacode: asked.get('wxacode') };
}
