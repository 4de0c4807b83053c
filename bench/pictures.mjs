import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const EDGE = 640;
const START_OF_IMAGE = 2;

/** Writes JPEGs as WeChat serves them: 640 pixels, soft shapes with the grain of a photo, some 100 kB. */
export async function drawPictures(folder, number) {
  mkdirSync(folder);
  for (let index = 0; index < number; index++) {
    const [shapes, grain] = await Promise.all([noise(40 + index, 60), noise(EDGE, 5)]);
    const pixels = shapes.map((value, at) => Math.max(0, Math.min(255, value + grain[at] - 128)));
    const raw = { width: EDGE, height: EDGE, channels: 3 };
    writeFileSync(
      join(folder, `${index}.jpg`),
      await sharp(pixels, { raw }).jpeg({ quality: 90 }).toBuffer(),
    );
  }
}

/** @returns RGB of gaussian noise of an edge, enlarged */
function noise(edge, sigma) {
  return sharp({
    create: { width: edge, height: edge, channels: 3, noise: { type: 'gaussian', mean: 128, sigma } },
  })
    .resize(EDGE, EDGE, { kernel: 'cubic' })
    .raw()
    .toBuffer();
}

/** @returns person -> a JPEG that nobody else has: one of the folder, with the person in a comment */
export function pictureOf(folder) {
  const pictures = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  return (person) => {
    const picture = pictures[Number(person) % pictures.length];
    const text = Buffer.from(String(person));
    const comment = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
    return Buffer.concat([
      picture.subarray(0, START_OF_IMAGE),
      comment,
      text,
      picture.subarray(START_OF_IMAGE),
    ]);
  };
}
