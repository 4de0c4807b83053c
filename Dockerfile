# The service, and the sandbox beside it, on Node 24. The root file system may be read-only: /app/data is a volume,
# and /tmp may be in memory.

# Before the name of the base image: a mirror of Docker Hub, with a slash at the end. docs/guide/installation.md explains
# the build arguments.
ARG BASE_IMAGE_PREFIX=

# --- build: with compilers, for packages without a prebuilt binary ---
FROM ${BASE_IMAGE_PREFIX}node:24-bookworm AS build
ARG NPM_REGISTRY=https://registry.npmjs.org/
ARG BETTER_SQLITE3_BINARY_HOST=
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# An empty host is ignored. npm_config_nodedir: a compilation uses Node's headers in this image and downloads none.
RUN npm_config_better_sqlite3_binary_host="$BETTER_SQLITE3_BINARY_HOST" npm_config_nodedir=/usr/local \
    npm ci --registry="$NPM_REGISTRY"
COPY tsconfig.json nest-cli.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

# --- runtime ---
FROM ${BASE_IMAGE_PREFIX}node:24-bookworm-slim
ARG DEBIAN_MIRROR=http://deb.debian.org
# tini is process 1: it forwards signals and reaps orphaned processes.
RUN sed -i "s|http://deb.debian.org|$DEBIAN_MIRROR|" /etc/apt/sources.list.d/debian.sources \
    && apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# The folder is node's, and so is a new volume that is laid over it.
RUN install -d -o node -g node data
COPY package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# SHUTDOWN_DELAY: whoever sends requests here asks every few seconds whether it is ready.
ENV NODE_ENV=production HOST=0.0.0.0 SHUTDOWN_DELAY=5s
USER node
VOLUME /app/data
EXPOSE 3000
# Ready: the database and Redis answer as well. start-period: the first start migrates.
HEALTHCHECK --interval=5s --timeout=4s --start-period=90s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/main.js"]
