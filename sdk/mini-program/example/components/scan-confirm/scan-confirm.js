// @ts-check
// Confirms a login on another screen. The person sees which site and device ask for it, and confirms or refuses.
// Event: `decided` with `{ status }`, `confirmed` or `denied`.
const auth = require('../../auth.js');
const { retry, run } = require('../../task.js');
const { texts } = require('../../texts/index.js');
const { localTime } = require('../../time.js');

/** Form of a ticket. Anything else could address another route. */
const TICKET = /^[\w-]{1,64}$/;
/** Errors after which this code is of no use. Their texts are those of `scan.error`. */
const FINAL = ['SCAN_UNKNOWN', 'SCAN_TAKEN', 'SCAN_DECIDED'];

/** @typedef {import('../../problem.js').Problem} Problem */
/** @typedef {import('../../lib/wechat-auth.js').Scan} Scan */
/** @typedef {import('../../lib/wechat-auth.js').ScanStatus} ScanStatus */

Component({
  properties: {
    /** `options.scene` of the page that the code has opened, as WeChat gives it. */
    scene: { type: String, value: '' },
  },
  data: {
    t: texts('scan'),
    busy: false,
    problem: /** @type {Problem | null} */ (null),
    /** The scene that was opened. */
    begun: '',
    /** `scanned`, `confirmed`, `denied`, or one of FINAL. */
    status: '',
    site: /** @type {Scan['site'] | null} */ (null),
    device: /** @type {Scan['device'] | null} */ (null),
    time: '',
  },
  lifetimes: {
    attached() {
      this.begin();
    },
  },
  observers: {
    scene() {
      this.begin();
    },
  },
  methods: {
    /** Opens the scan when there is a scene, and for each scene once. A scene that comes during a step waits for its end. */
    begin() {
      const { scene, begun, busy } = this.data;
      if (!scene || begun === scene || busy) return;
      this.setData({ begun: scene, status: '' });
      void this.open();
    },
    open() {
      return this.step(async (path) => {
        const { status, site, device } = /** @type {Scan} */ (await auth.call(path, {}));
        this.setData({ status, site, device, time: localTime(device.requestedAt) });
      });
    },
    confirm() {
      // A fresh code shows that the person holds the phone: a stolen access token confirms nothing.
      return this.decide('confirm', async () => ({ code: await auth.code() }));
    },
    deny() {
      return this.decide('deny', () => ({}));
    },
    async retry() {
      await retry(this);
      this.begin();
    },
    async logIn() {
      if (await run(this, () => auth.login())) await this.open();
    },
    /**
     * @param {string} action
     * @param {() => object | Promise<object>} body
     */
    decide(action, body) {
      return this.step(async (path) => {
        const { status } = /** @type {ScanStatus} */ (await auth.call(`${path}/${action}`, await body()));
        this.setData({ status });
        this.triggerEvent('decided', { status });
      });
    },
    /** @param {(path: string) => Promise<unknown>} work gets the route of this scan */
    async step(work) {
      await run(this, async () => {
        // What is confirmed is what was shown, whatever has been scanned since.
        const ticket = ticketOf(this.data.begun);
        if (!ticket) return this.setData({ status: 'SCAN_UNKNOWN' });
        try {
          await work(`/v1/mini-program/scans/${ticket}`);
        } catch (error) {
          const { code } = /** @type {{ code: string }} */ (error);
          if (!FINAL.includes(code)) throw error;
          this.setData({ status: code });
        }
      });
      this.begin();
    },
  },
});

/**
 * @param {string} scene
 * @returns {string} empty where it is no ticket
 */
function ticketOf(scene) {
  try {
    const ticket = decodeURIComponent(scene);
    return TICKET.test(ticket) ? ticket : '';
  } catch (error) {
    return '';
  }
}
