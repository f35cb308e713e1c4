#!/usr/bin/env bash
# Puts a VS Code that needs no display into FOLDER (default: .vscode-test here): Node, and VS Code's
# server as the npm package code-server ships it, whose page any Chromium shows. Takes half a minute
# and 900 MB once; does nothing where that was done before; an interrupted or changed set-up is made
# anew. Nothing is compiled. PYTHON: see setup-node.sh.
set -euo pipefail
version=4.139.1
sha512=7d462f255773e19a1525f6a41a21965c532917c2b539bb2ba46bd7d7b67136928ecdd347b3b940353ebbd094ebe19840f039d6ab2bef9851bf7771d5f58cba7b

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:-$here/../.vscode-test}"
folder=$(cd "${1:-$here/../.vscode-test}" && pwd)
"$here/setup-node.sh" "$folder"
export PATH=$folder/node/bin:$PATH
server=$folder/server

if [ "$(cat "$server/.stamp" 2>/dev/null)" = "$sha512" ]; then
  exit
fi
rm -rf "$server"
mkdir -p "$server"
cd "$server"
npm pack --silent "code-server@$version" >/dev/null
echo "$sha512  code-server-$version.tgz" | sha512sum --check --quiet
tar -xzf "code-server-$version.tgz" --strip-components=3 package/lib/vscode
rm "code-server-$version.tgz"
# The archive's npm-shrinkwrap.json pins what it depends on by version and checksum.
npm ci --silent --ignore-scripts --omit=dev --no-audit --no-fund --legacy-peer-deps
node out/server-main.js --version >/dev/null
echo "$sha512" > .stamp
