#!/usr/bin/env bash
# Installs or updates the service from this script's checkout. Run it as root for each release.
#
#   sudo deploy/ec2/install.sh [server] [worker]      both by default
#
# Requires Node 24 at /usr/local/bin/node, PostgreSQL and Redis. Releases are in /opt/gemini-chat/releases; `current`
# points to the running one.
set -euo pipefail

HOME_DIR=/opt/gemini-chat
SETTINGS=/etc/gemini-chat/environment
ACCOUNT=gemini-chat
KEPT_RELEASES=3

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ "$#" -gt 0 ]; then roles=("$@"); else roles=(server worker); fi

main() {
  check
  make_account
  make_settings
  release=$HOME_DIR/releases/$(date -u +%Y%m%d%H%M%S)
  copy_release "$release"
  install -m 0644 "$checkout/deploy/ec2/gemini-chat@.service" /etc/systemd/system/gemini-chat@.service
  systemctl daemon-reload
  migrate "$release"
  ln -sfn "$release" "$HOME_DIR/current.new"
  mv -T "$HOME_DIR/current.new" "$HOME_DIR/current"
  for role in "${roles[@]}"; do
    systemctl enable --quiet "gemini-chat@$role"
    systemctl restart "gemini-chat@$role"
  done
  remove_old_releases
  systemctl --no-pager --lines=5 status "${roles[@]/#/gemini-chat@}"
}

check() {
  [ "$(id -u)" -eq 0 ] || fail "Run this script as root."
  [ -x /usr/local/bin/node ] || fail "Install Node 24 at /usr/local/bin/node: https://nodejs.org"
  local major
  major=$(/usr/local/bin/node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 24 ] || fail "Node 24 or later is required; version $major is installed."
  for role in "${roles[@]}"; do
    case $role in server | worker) ;; *) fail "Unknown role $role; use server or worker." ;; esac
  done
}

make_account() {
  id "$ACCOUNT" >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir "$HOME_DIR" --shell /usr/sbin/nologin "$ACCOUNT"
}

make_settings() {
  if [ -f "$SETTINGS" ]; then return; fi
  install -d -m 0700 "$(dirname "$SETTINGS")"
  install -m 0600 "$checkout/deploy/ec2/environment.example" "$SETTINGS"
  fail "Fill in $SETTINGS, then run this script again."
}

copy_release() {
  install -d -m 0755 "$1"
  cp -R "$checkout/package.json" "$checkout/package-lock.json" "$checkout/.npmrc" "$checkout/src" \
    "$checkout/tsconfig.json" "$checkout/web" "$checkout/packages" "$1"
  (
    cd "$1"
    PATH=/usr/local/bin:$PATH
    # The web client is built with what only development needs, which goes again.
    npm ci --ignore-scripts --no-audit --no-fund
    npx --no vite build web
    npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
  )
  chmod -R u=rwX,go=rX "$1"
}

migrate() {
  systemd-run --quiet --wait --pipe --collect --uid="$ACCOUNT" --working-directory="$1" \
    --property=EnvironmentFile="$SETTINGS" --setenv=NODE_ENV=production /usr/local/bin/node src/cli/migrate.ts ||
    fail "The migration failed; nothing was restarted."
}

remove_old_releases() {
  find "$HOME_DIR/releases" -mindepth 1 -maxdepth 1 -type d | sort | head -n "-$KEPT_RELEASES" | xargs -r rm -rf
}

fail() {
  echo "$1" >&2
  exit 1
}

main
