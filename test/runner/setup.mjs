// Before the tests of a run: what they import beside the service, and the bundles of its pages.
import { install } from '../../scripts/install.mjs';
import bundlePages from '../../scripts/pages.mjs';

export default async function setUp() {
  install('sdk', 'test');
  await bundlePages();
}
