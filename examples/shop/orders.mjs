// The shop's books: what was ordered, and what was delivered.
import Database from 'better-sqlite3';

const db = new Database(process.env.SHOP_DATA ?? 'shop.sqlite');
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, appId, userId, openId, productId, createdAt);
  CREATE TABLE IF NOT EXISTS deliveries (id TEXT PRIMARY KEY, userId, productId, deliveredAt)`);

const order = db.prepare('SELECT * FROM orders WHERE id = ?');
const insertOrder = db.prepare(
  `INSERT INTO orders VALUES (@id, @appId, @userId, @openId, @productId, @createdAt)`,
);
const insertDelivery = db.prepare(`INSERT INTO deliveries VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`);
const deliveries = db.prepare('SELECT * FROM deliveries WHERE userId = ? ORDER BY deliveredAt');
const undelivered = db.prepare(`SELECT * FROM orders WHERE createdAt BETWEEN ? AND ?
  AND id NOT IN (SELECT id FROM deliveries)`);

/** @returns once it is on the disk */
export const addOrder = (fields) => insertOrder.run({ ...fields, createdAt: Date.now() });

export const orderOf = (id) => order.get(String(id));

export const deliveriesTo = (userId) => deliveries.all(userId);

/** Orders of an age (seconds) that have not been delivered. */
export const undeliveredOf = (from, to) => undelivered.all(Date.now() - to * 1000, Date.now() - from * 1000);

/** Gives the goods, once: an order has one delivery. What giving them writes belongs into the same transaction. */
export function deliver({ id, userId, productId }) {
  if (insertDelivery.run(id, userId, productId, Date.now()).changes === 1) console.log(`delivered ${id}`);
}
