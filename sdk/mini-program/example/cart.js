// @ts-check
// The cart of a user or a guest, kept on the phone. Your own server takes its place: it gets the access token that
// `auth.request` sends, and `id` and `notes` of a guest in one call.

/**
 * @typedef {object} Cart
 * @property {string[]} items ids of products
 * @property {string[]} guests whose items it has: a login may tell of a guest twice
 */

/** @type {Record<string, Cart>} */
const carts = {};

/**
 * @param {string} owner id of a user or a guest
 * @returns {Cart}
 */
function read(owner) {
  if (!carts[owner]) carts[owner] = stored(owner) || { items: [], guests: [] };
  return carts[owner];
}

/** @param {string} owner @returns {Cart | null} */
function stored(owner) {
  try {
    return wx.getStorageSync(`cart:${owner}`) || null;
  } catch (error) {
    return null;
  }
}

/** @param {string} owner @param {Cart} cart */
function write(owner, cart) {
  carts[owner] = cart;
  try {
    wx.setStorageSync(`cart:${owner}`, cart);
  } catch (error) {
    console.warn('The cart lasts until the mini program is closed.', error);
  }
}

/** @param {string} owner @param {string} item */
function add(owner, item) {
  const { items, guests } = read(owner);
  write(owner, { items: items.concat(item), guests });
}

/** @param {string} owner */
function remove(owner) {
  delete carts[owner];
  try {
    wx.removeStorageSync(`cart:${owner}`);
  } catch (error) {
    console.warn('The cart is still in storage.', error);
  }
}

/**
 * Puts what a guest has chosen into the cart of a user, once.
 * @param {{ id: string, notes: readonly unknown[] }} guest what `onChange` tells
 * @param {string} userId
 */
function takeOver(guest, userId) {
  const { items, guests } = read(userId);
  if (!guests.includes(guest.id)) {
    const chosen = guest.notes.map((note) => /** @type {{ item: string }} */ (note).item);
    write(userId, { items: items.concat(chosen), guests: guests.concat(guest.id) });
  }
  remove(guest.id);
}

module.exports = { read, add, remove, takeOver };
