#!/usr/bin/env bash
# Makes .venv/contract (moto and botocore, pinned) unless it is there already. Prints its path, and nothing else, on stdout.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=.venv/contract
wanted=$(cat test/contract/requirements.txt)
if [[ ! -f $venv/installed || $(cat "$venv/installed") != "$wanted" ]]; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement test/contract/requirements.txt >&2
  # Written last: an interrupted installation is begun again.
  printf '%s\n' "$wanted" >"$venv/installed"
fi
printf '%s\n' "$PWD/$venv"
