# The service on Node 24. The root file system may be read-only: /app/data is a volume, and /tmp may be in memory.
# `--target sandbox` builds the simulator of WeChat instead; the image of the service does not contain it.

# Before the name of the base image: a mirror of Docker Hub, with a slash at the end. docs/guide/installation.md explains
# the build arguments.
ARG BASE_IMAGE_PREFIX=

# --- dependencies of both: with compilers, for packages without a prebuilt binary ---
FROM ${BASE_IMAGE_PREFIX}node:24-bookworm AS dependencies
ARG NPM_REGISTRY=https://registry.npmjs.org/
ARG BETTER_SQLITE3_BINARY_HOST=
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not the client packages in sdk/: npm leaves out a workspace that is not there, and the images need none of them.
COPY sandbox/package.json ./sandbox/
# An empty host is ignored. npm_config_nodedir: a compilation uses Node's headers in this image and downloads none.
RUN npm_config_better_sqlite3_binary_host="$BETTER_SQLITE3_BINARY_HOST" npm_config_nodedir=/usr/local \
    npm ci --registry="$NPM_REGISTRY"
COPY scripts/compile.mjs ./scripts/

# --- runtime of both ---
FROM ${BASE_IMAGE_PREFIX}node:24-bookworm-slim AS runtime
ARG DEBIAN_MIRROR=http://deb.debian.org
# tini is process 1: it forwards signals and reaps orphaned processes.
RUN sed -i "s|http://deb.debian.org|$DEBIAN_MIRROR|" /etc/apt/sources.list.d/debian.sources \
    && apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENTRYPOINT ["tini", "--"]

# --- build of the sandbox: afterwards node_modules holds its dependencies only ---
FROM dependencies AS sandbox-build
ARG NPM_REGISTRY=https://registry.npmjs.org/
COPY sandbox/scripts ./sandbox/scripts
COPY sandbox/src ./sandbox/src
RUN npm run build --workspace sandbox \
    && npm ci --omit=dev --workspace sandbox --registry="$NPM_REGISTRY"

# --- the sandbox ---
FROM runtime AS sandbox
COPY --from=sandbox-build /app/node_modules ./node_modules
COPY --from=sandbox-build /app/sandbox/package.json ./sandbox/
COPY --from=sandbox-build /app/sandbox/dist ./sandbox/dist
# Anybody who reaches the port can log in as any of its people: publish it on 127.0.0.1 only.
ENV SANDBOX_HOST=0.0.0.0
USER node
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=5s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SANDBOX_PORT || 3001}/control/apps`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "sandbox/dist/main.js"]

# --- build of the service: afterwards node_modules holds its dependencies only ---
# TypeScript, too, would stay: it is an optional peer of @nestjs/swagger, for a plugin of the compiler.
FROM dependencies AS build
COPY scripts/build.mjs scripts/bundle.mjs scripts/pages.mjs ./scripts/
COPY tsconfig.json ./
COPY src ./src
RUN node scripts/build.mjs service && npm prune --omit=dev --no-workspaces && rm -r node_modules/typescript

# --- the service ---
FROM runtime
# The folder belongs to the user `node`, and so does a new volume that is mounted over it.
RUN install -d -o node -g node data
COPY package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# SHUTDOWN_DELAY: load balancers ask for readiness every few seconds.
ENV NODE_ENV=production HOST=0.0.0.0 SHUTDOWN_DELAY=5s
USER node
VOLUME /app/data
EXPOSE 3000
# Ready: the database and Redis answer as well. start-period: the first start migrates.
HEALTHCHECK --interval=5s --timeout=4s --start-period=90s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The same options as `npm run start:prod`.
CMD ["node", "--max-semi-space-size=16", "dist/main.js"]
