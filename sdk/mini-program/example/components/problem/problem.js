// @ts-check
// An error, with what to do about it. Events: `retry` and `login`, each by a tap.
const { texts } = require('../../texts/index.js');

Component({
  properties: {
    /** Made by `toProblem` of problem.js; `null` shows nothing. */
    problem: { type: Object, value: null },
  },
  data: { t: texts('problem') },
  methods: {
    retry() {
      this.triggerEvent('retry');
    },
    logIn() {
      this.triggerEvent('login');
    },
  },
});
