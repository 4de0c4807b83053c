// Runs `nginx -t` on the configuration of docker-compose.yml.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

if (spawnSync('nginx', ['-v']).error) {
  console.log('nginx is not installed: deploy/nginx/nginx.conf was not checked');
} else {
  const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-nginx-'));
  const file = join(folder, 'nginx.conf');
  const config = readFileSync('deploy/nginx/nginx.conf', 'utf8')
    .replaceAll('/tmp/', `${folder}/`)
    .replace('/dev/stdout', join(folder, 'access.log'))
    // Needs Docker's DNS and nginx 1.27.3, which Debian does not have yet.
    .replaceAll('server app:3000 resolve', 'server 127.0.0.1:3000');
  writeFileSync(file, config);
  const { status, stderr } = spawnSync('nginx', ['-t', '-c', file, '-p', folder], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (status !== 0) console.error(stderr);
  process.exitCode = status ?? 1;
}
