#!/bin/sh
# Makes the folder secrets/ for docker-compose.yml, or the folder that the first word names: what can be made up is,
# the rest are empty files to be filled in. What is there already stays as it is.
set -eu
folder=${1:-$(dirname "$0")/../../secrets}
mkdir -p "$folder"
# Nobody else on this machine may look in. The files themselves are for the users of the containers.
chmod 700 "$folder"
umask 022

make() {
    [ -e "$folder/$1" ] || printf '%s\n' "$2" >"$folder/$1"
}

make MYSQL_PASSWORD "$(openssl rand -hex 24)"
make MYSQL_ROOT_PASSWORD "$(openssl rand -hex 24)"
make DATABASE_URL "mysql://wechat_auth:$(cat "$folder/MYSQL_PASSWORD")@mysql:3306/wechat_auth"
make ENCRYPTION_KEYS "$(openssl rand -base64 32)"
make ADMIN_API_KEYS "admin:$(openssl rand -hex 24)"
make METRICS_TOKEN "$(openssl rand -hex 24)"
# Yours: .env.example says what goes in. An empty one counts as not set.
for name in WECHAT_MINI_PROGRAMS WECHAT_WEBSITES WECHAT_OFFICIAL_ACCOUNTS WECHAT_PUSH_TOKEN WECHAT_PUSH_AES_KEY \
    SERVICE_API_KEYS S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY WEBHOOK_URLS WEBHOOK_SECRET HTTPS_PROXY; do
    make "$name" ''
done
