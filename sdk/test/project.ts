import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';

/** A folder of a package, as npm has installed it. */
export function installed(name: string): string {
  return join(root(), 'node_modules', name);
}

function root(): string {
  const folder = process.env.INSTALLED_PACKAGES;
  if (folder === undefined) throw new Error('run this by `npm run test:packages`');
  return folder;
}

/** A project of somebody who has installed the packages from their tarballs. */
export class Project {
  private constructor(readonly folder: string) {}

  /** Copies `sdk/test/projects/<name>`. */
  static async copyOf(name: string): Promise<Project> {
    const project = await Project.empty();
    await cp(join(import.meta.dirname, 'projects', name), project.folder, { recursive: true });
    return project;
  }

  static async empty(manifest: object = {}): Promise<Project> {
    const project = new Project(await mkdtemp(join(root(), 'project-')));
    await project.write('package.json', JSON.stringify({ name: 'project', private: true, ...manifest }));
    return project;
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  read(file: string): Promise<string> {
    return readFile(this.path(file), 'utf8');
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(this.path(file), text);
  }

  /** Runs a file with Node. @returns what it prints, as JSON. @throws Error with its output, also after a warning */
  run(file: string): unknown {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      cwd: this.folder,
      env: { PATH: process.env.PATH },
      encoding: 'utf8',
    });
    if (status !== 0 || stderr !== '') throw new Error(`${file}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as unknown;
  }

  /** Bundles a file, as the tool of a framework does. @returns the code */
  async bundle(file: string, options: BuildOptions): Promise<string> {
    const { outputFiles = [] } = await build({
      entryPoints: [this.path(file)],
      absWorkingDir: dirname(this.path(file)),
      bundle: true,
      write: false,
      charset: 'utf8',
      logLevel: 'silent',
      ...options,
    });
    return outputFiles.map(({ text }) => text).join('');
  }
}
