import { byId } from './dom.client.js';
import { t } from './texts.client.js';

let timer;

/** Shows on the phone what went wrong, for four seconds. */
export function complain(error) {
  const toast = byId('toast');
  toast.textContent = error.isOffline ? t('offline') : error.message;
  toast.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => {
    toast.hidden = true;
  }, 4000);
}
