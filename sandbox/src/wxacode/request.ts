import { Refusal } from '../api/errors.js';
import type { Settings } from '../state/settings.js';
import type { WxaCodeRequest } from '../state/wxacodes.js';
import type { Colour } from './draw.js';

const LONGEST_SCENE = 32;
const SCENE = /^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]+$/;
const ENV_VERSIONS = ['release', 'trial', 'develop'] as const;
const BLACK: Colour = [0, 0, 0];
const WIDTHS = { least: 280, usual: 430, most: 1280 };

type Body = Readonly<Record<string, unknown>>;

/**
 * Section 1.5: the parameters of getwxacodeunlimit, checked in this order (the order is our inference): types of
 * the JSON values (47001), length of scene (40169), its characters (40129), page (85096, 41030), and the
 * rest (40097).
 */
export function readWxaCode(
  body: Body,
  settings: Settings,
): { asked: Omit<WxaCodeRequest, 'appId'>; line: Colour } {
  const page = text(body, 'page') ?? '';
  const checkPath = flag(body, 'check_path') ?? true;
  const envVersion = text(body, 'env_version') ?? 'release';
  const width = integer(body, 'width') ?? WIDTHS.usual;
  const autoColour = flag(body, 'auto_color') ?? false;
  const hyaline = flag(body, 'is_hyaline') ?? false;
  const lineColour = object(body, 'line_color');

  const scene = checkScene(body.scene);
  checkPage(page, checkPath ? settings.publishedPages : []);
  const env = ENV_VERSIONS.find((each) => each === envVersion);
  if (!env || width < WIDTHS.least || width > WIDTHS.most) throw new Refusal(40097);
  // The colour that WeChat chooses with auto_color is unknown; the sandbox takes black.
  const line = lineColour && !autoColour ? colourOf(lineColour) : BLACK;
  return { asked: { scene, page, envVersion: env, width, hyaline }, line };
}

function checkScene(scene: unknown): string {
  if (typeof scene !== 'string' || scene === '' || [...scene].length > LONGEST_SCENE) {
    throw new Refusal(40169);
  }
  if (!SCENE.test(scene)) throw new Refusal(40129);
  return scene;
}

/** `published`: the pages that exist; empty: any. */
function checkPage(page: string, published: readonly string[]): void {
  if (/[?&]scancode_time(=|&|$)/.test(page)) throw new Refusal(85096);
  if (page.startsWith('/') || page.includes('?')) throw new Refusal(41030);
  if (page !== '' && published.length > 0 && !published.includes(page)) throw new Refusal(41030);
}

/** Decimal r, g and b, as numbers or as text: WeChat's own examples have both. */
function colourOf(parts: Body): Colour {
  const level = (name: 'r' | 'g' | 'b'): number => {
    const value = parts[name] ?? 0;
    const number = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 255) {
      throw new Refusal(40097);
    }
    return number;
  };
  return [level('r'), level('g'), level('b')];
}

function text(body: Body, name: string): string | undefined {
  const value = body[name];
  if (value !== undefined && typeof value !== 'string') throw new Refusal(47001);
  return value;
}

// A JSON boolean: `1` is a data format error at WeChat (section 1.5).
function flag(body: Body, name: string): boolean | undefined {
  const value = body[name];
  if (value !== undefined && typeof value !== 'boolean') throw new Refusal(47001);
  return value;
}

function integer(body: Body, name: string): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Refusal(47001);
  return value;
}

function object(body: Body, name: string): Body | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(47001);
  return value as Body;
}
