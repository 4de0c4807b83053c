// @ts-check

/** @param {number} number */
const twoDigits = (number) => `0${number}`.slice(-2);

/**
 * @param {string} iso date and time of a reply
 * @returns {string} in the time zone of the phone, for instance `2026-11-21 16:30`
 */
function localTime(iso) {
  const date = new Date(iso);
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  return `${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

module.exports = { localTime };
