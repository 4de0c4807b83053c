/** Compare-and-set. It is atomic, because Redis runs a script without interruption. */
export const REPLACE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/** The first command starts the window, the second counts in it. So the key always has a time to live. */
export const COUNT = `
redis.call('SET', KEYS[1], 0, 'PX', ARGV[1], 'NX')
return redis.call('INCR', KEYS[1])`;
