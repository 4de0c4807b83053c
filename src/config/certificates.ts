import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SettingFault } from './parsers.js';

/** The PEM certificates of a file that a URL names in `ssl-ca`. */
export function certificates(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8');
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new SettingFault('must name a file of PEM certificates in ssl-ca');
  }
}
