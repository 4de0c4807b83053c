#!/bin/sh
# nginx's image runs this before nginx. Writes TRUSTED_PROXIES (comma-separated) in nginx's syntax.
set -eu
for proxy in $(echo "${TRUSTED_PROXIES:-}" | tr ',' ' '); do
    echo "set_real_ip_from $proxy;"
done >"${1:-/tmp/trusted-proxies.conf}"
