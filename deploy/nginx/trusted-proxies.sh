#!/bin/sh
# nginx's image runs this before nginx: the proxies in front (TRUSTED_PROXIES, separated by commas) as nginx wants them.
set -eu
for proxy in $(echo "${TRUSTED_PROXIES:-}" | tr ',' ' '); do
    echo "set_real_ip_from $proxy;"
done >"${1:-/tmp/trusted-proxies.conf}"
