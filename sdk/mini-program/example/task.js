// @ts-check
const { toProblem } = require('./problem.js');

/**
 * A page or a component. `busy` and `problem` of its data are set here.
 * @typedef {{ setData(data: Record<string, unknown>): void, running?: boolean, failed?: () => unknown }} Screen
 */

/**
 * Runs a task of a page or a component, and shows its error. There is one task at a time: a second tap does nothing.
 * @param {Screen} screen
 * @param {() => unknown} task
 * @returns {Promise<boolean>} whether the task was done; it never rejects
 */
async function run(screen, task) {
  if (screen.running) return false;
  screen.running = true;
  screen.setData({ busy: true, problem: null });
  try {
    await task();
    return true;
  } catch (error) {
    screen.failed = task;
    screen.setData({ problem: toProblem(error) });
    return false;
  } finally {
    screen.running = false;
    screen.setData({ busy: false });
  }
}

/**
 * Runs the task that has failed last once more.
 * @param {Screen} screen
 */
async function retry(screen) {
  if (screen.failed) await run(screen, screen.failed);
}

module.exports = { retry, run };
