#!/bin/sh
# Creates the folder secrets/ for docker-compose.yml, or the folder of the first argument: random values where
# possible, empty files for the rest. Existing files stay as they are.
set -eu
folder=${1:-$(dirname "$0")/../../secrets}
mkdir -p "$folder"
# Only the owner may enter. The files are readable for the users of the containers.
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
# To be filled in: .env.example explains them. An empty file counts as not set.
for name in WECHAT_MINI_PROGRAMS WECHAT_WEBSITES WECHAT_OFFICIAL_ACCOUNTS WECHAT_PUSH_TOKEN WECHAT_PUSH_AES_KEY \
    WECHAT_PUSH_APPS WECHAT_PUSH_FORWARD WECHAT_PAY_APP_KEYS SERVICE_API_KEYS S3_ACCESS_KEY_ID \
    S3_SECRET_ACCESS_KEY WEBHOOK_URLS WEBHOOK_SECRET HTTPS_PROXY; do
    make "$name" ''
done
