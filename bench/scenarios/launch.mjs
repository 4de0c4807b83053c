/**
 * First logins with pictures beside people who return: a steady stream, and the day of a launch. All load arrives at
 * fixed rates, and durations count from the planned arrival.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceOn } from '../contestants.mjs';
import { cpuMicroseconds } from '../load/cpu.mjs';
import { drawPictures } from '../pictures.mjs';
import { startLoad, startProgram, startService } from '../processes.mjs';
import { fixed, percent, range, whole } from '../report/format.mjs';
import { ratio, spread } from '../report/statistics.mjs';

export const title = 'First logins with pictures beside returning people';
export const isShort = false;
export const sizes = {
  full: {
    people: 2_000,
    pictures: 32,
    returning: 60,
    newcomers: 20,
    seconds: 10,
    rounds: 5,
    warmUpSeconds: 5,
    launch: 200,
    launchSeconds: 60,
    drainSeconds: 120,
  },
  quick: {
    people: 100,
    pictures: 4,
    returning: 60,
    newcomers: 20,
    seconds: 2,
    rounds: 1,
    warmUpSeconds: 1,
    launch: 60,
    launchSeconds: 2,
    drainSeconds: 60,
  },
};

const CONNECTIONS = 64;
const MOST_SLOWER = 1.5;

/** People who have never been here; numbers above those who return. */
let nextNewcomer = 1_000_000;

export async function measure(context) {
  const { tables, shared, size, load, say, folder } = context;
  const pictures = join(folder, 'pictures');
  await drawPictures(pictures, size.pictures);
  const standIn = await startProgram('stand-in.mjs', { PICTURES: pictures });
  const settings = { ...shared, wechatUrl: `http://127.0.0.1:${standIn.port}` };
  const { port, database, environment } = await serviceOn(await tables.create('service'), settings);
  const service = await startService(port, environment);
  const queue = new Queue(await tables.connect(database));
  const newcomersLoad = startLoad();
  const returning = (seconds) =>
    load.run({
      ...{ kind: 'paced', visitor: 'service', operation: 'miniProgramLogin', port, pid: service.pid },
      ...{ people: size.people, concurrency: CONNECTIONS, perSecond: size.returning, seconds },
    });
  const newcomers = (perSecond, seconds) => {
    const from = nextNewcomer;
    nextNewcomer += perSecond * seconds * 2;
    return newcomersLoad.run({
      ...{ kind: 'paced', visitor: 'service', operation: 'websiteLogin', port, isFresh: true, from },
      ...{ people: perSecond * seconds * 2, concurrency: CONNECTIONS, perSecond, seconds },
    });
  };
  try {
    const once = { kind: 'once', visitor: 'service', port, people: size.people, concurrency: 16 };
    await load.run({ ...once, operation: 'miniProgramLogin' });
    await Promise.all([returning(size.warmUpSeconds), newcomers(size.newcomers, size.warmUpSeconds)]);
    await queue.drained(size.drainSeconds);

    const rounds = [];
    for (let round = 1; round <= size.rounds; round++) {
      const alone = await returning(size.seconds);
      const before = pictureCpu(service.pid);
      const startedAt = performance.now();
      const [beside, first] = await Promise.all([
        returning(size.seconds),
        newcomers(size.newcomers, size.seconds),
      ]);
      const waiting = await queue.length();
      await queue.drained(size.drainSeconds);
      const pictureMs = (pictureCpu(service.pid) - before) / 1_000 / first.operations;
      const drainedAfter = (performance.now() - startedAt) / 1_000 - size.seconds;
      rounds.push({ alone, beside, first, waiting, drainedAfter, pictureMs });
      say(
        `round ${round}/${size.rounds}: returning p99 ${fixed(alone.p99)} ms alone, ${fixed(beside.p99)} ms beside ${size.newcomers} first logins/s (p99 ${fixed(first.p99)} ms); ${waiting} pictures wait, done ${fixed(drainedAfter)} s later; ${fixed(pictureMs)} ms of CPU per picture`,
      );
    }

    say(`the launch: ${size.launch} first logins/s for ${size.launchSeconds} s`);
    const startedAt = performance.now();
    const [beside, first] = await Promise.all([
      returning(size.launchSeconds),
      newcomers(size.launch, size.launchSeconds),
    ]);
    const seconds = (performance.now() - startedAt) / 1_000;
    const waiting = await queue.length();
    say(
      `first logins p99 ${fixed(first.p99)} ms, returning p99 ${fixed(beside.p99)} ms; ${waiting} pictures wait`,
    );
    const [draining, behind] = await Promise.all([queue.drain(size.drainSeconds), returning(size.seconds)]);
    const lost = await queue.lost();
    say(
      `${fixed(draining.seconds)} s later ${draining.left} pictures wait; returning p99 meanwhile ${fixed(behind.p99)} ms; ${lost} lost`,
    );
    return { size, rounds, launch: { beside, first, seconds, waiting, draining, behind, lost } };
  } finally {
    queue.close();
  }
}

/** The pictures that wait, as the tables say. */
class Queue {
  constructor(connection) {
    this.connection = connection;
  }

  async length() {
    return this.count("avatar_jobs WHERE kind = 'copy'");
  }

  /** People who logged in with a picture, and whose picture neither waits nor has come. */
  async lost() {
    return this.count(
      "users u WHERE avatar_key IS NULL AND nickname <> '' AND NOT EXISTS (SELECT 1 FROM avatar_jobs WHERE user_id = u.id)",
    );
  }

  /** Waits until the queue is empty, or for `most` seconds. @returns `{ seconds, left }`, pictures that still wait */
  async drain(most) {
    const startedAt = performance.now();
    for (;;) {
      const left = await this.length();
      const seconds = (performance.now() - startedAt) / 1_000;
      if (left === 0 || seconds > most) return { seconds, left };
      await sleep(100);
    }
  }

  /** Waits until the queue is empty. */
  async drained(most) {
    if ((await this.drain(most)).left > 0) throw new Error('pictures still wait');
  }

  async count(what) {
    const [[{ number }]] = await this.connection.query(`SELECT COUNT(*) AS number FROM ${what}`);
    return Number(number);
  }

  close() {
    this.connection.destroy();
  }
}

/** CPU of the picture process so far (µs). @param pid of the service */
function pictureCpu(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  return children.reduce((sum, child) => sum + cpuMicroseconds(Number(child)), 0);
}

export function aims({ size, rounds, launch }) {
  return [
    {
      what: `p99 of ${size.returning} returning logins/s beside ${size.newcomers} first logins/s with pictures, against alone`,
      most: MOST_SLOWER,
      measured: ratio(rounds, 'beside', 'alone', 'p99'),
    },
    {
      what: `people whose picture neither came nor waits after ${size.launch} first logins/s for ${size.launchSeconds} s`,
      most: 0,
      measured: launch.lost,
    },
  ];
}

export function report({ size, rounds, launch }) {
  const of = (read) => spread(rounds.map(read));
  const row = (name, { p50, p99, failed, busy }) =>
    `| ${name} | ${fixed(p50)} | ${fixed(p99)} | ${failed} | ${busy === undefined ? '' : percent(busy)} |`;
  const median = (who) => ({
    p50: of((round) => round[who].p50).median,
    p99: of((round) => round[who].p99).median,
    failed: rounds.reduce((sum, round) => sum + round[who].failed, 0),
    busy: rounds[0][who].busy === undefined ? undefined : of((round) => round[who].busy).median,
  });
  return `${size.returning} mini-program logins a second of people who return, alone and beside ${size.newcomers} first website logins a second; every newcomer has a JPEG of 640 pixels that nobody else has. ${size.rounds} rounds of ${size.seconds} s. Then a launch: ${size.launch} first website logins a second for ${size.launchSeconds} s. Durations count from the planned arrival.

| | p50 ms | p99 ms | failed | service busy, of one core |
|---|---|---|---|---|
${row('returning, alone', median('alone'))}
${row(`returning, beside ${size.newcomers}/s`, median('beside'))}
${row(`first logins, ${size.newcomers}/s`, median('first'))}
${row('launch: returning', launch.beside)}
${row(`launch: first logins, ${size.launch}/s planned`, launch.first)}
${row('behind the launch: returning', launch.behind)}

A picture takes ${range(of(({ pictureMs }) => pictureMs))} ms of the processor, in the picture process. Of ${size.newcomers} a second ${range(of(({ waiting }) => waiting))} wait at the end of a round; the last one is done ${fixed(of(({ drainedAfter }) => drainedAfter).median)} s later. The launch took ${fixed(launch.seconds)} s, after which ${whole(launch.waiting)} pictures waited; ${fixed(launch.draining.seconds)} s later ${launch.draining.left === 0 ? 'all were done' : `${whole(launch.waiting - launch.draining.left)} of them were done, so the last one comes after some ${whole((launch.draining.seconds * launch.waiting) / (launch.waiting - launch.draining.left) / 60)} minutes`}. ${launch.lost === 0 ? 'None was' : `${whole(launch.lost)} were`} lost.
`;
}
