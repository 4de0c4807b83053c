import { control, holder, state, update } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';
import { openPage } from './web-view.client.js';

/** Scans a website's QR code as the person who holds the phone. */
export async function scanCode(what) {
  try {
    const login = await control('scan', { ...what, person: holder().id });
    update({ screen: 'consent', login });
  } catch (error) {
    complain(error);
  }
}

/** Scans a mini program's code: the sample mini program opens, and asks the service who wants to log in. */
export async function scanMiniProgramCode(id) {
  try {
    const code = await control(`wxacodes/${id}`);
    update({ screen: 'mini', mini: { step: 'opening', code } });
    await askService('scan', 'asks');
  } catch (error) {
    complain(error);
  }
}

/** The person's answer in the sample mini program: confirm or deny. */
export async function answerScan(action) {
  update({ mini: { ...state.mini, busy: true } });
  await askService(action, action === 'confirm' ? 'confirmed' : 'denied');
}

async function askService(action, next) {
  const { id } = state.mini.code;
  const change = await control(`wxacodes/${id}/${action}`, { person: holder().id }).then(
    ({ site, device, ...code }) => ({ code, step: stepOf(code, next), ...(device && { site, device }) }),
    (error) => ({ step: 'refused', problem: { code: error.code ?? null, text: error.message } }),
  );
  // The person may have left the screen meanwhile.
  if (state.mini?.code.id === id) update({ mini: { ...state.mini, ...change, busy: false } });
}

/** The state in the reply counts: the scan may be finished already. */
function stepOf(code, next) {
  return ['scanned', 'pending'].includes(code.state) ? next : code.state;
}

/** The content of any QR code: a website's login, a mini program's code, or a page to open. */
export async function openLink(text) {
  const wxacode = /[?&]wxacode=(\w+)/.exec(text)?.[1];
  if (wxacode) return scanMiniProgramCode(wxacode);
  const isLogin = /[?&]uuid=\w|\/connect\/qrcode\/\w|^\w{16}$/.test(text);
  if (isLogin) return scanCode({ url: text });
  return URL.canParse(text) ? openPage(text) : complain(new Error(t('unreadable')));
}
