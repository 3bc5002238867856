#!/usr/bin/env bash
# Asks prowler about the account of account.json, in a virtual environment of its own (some 300 packages), and writes
# verdicts.json; then about the months of the simulated year, for year.json. Needs Python 3.11 to 3.13. What it writes is equal,
# byte for byte, as long as neither the accounts nor prowler change.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
if ! "$python" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
  printf 'prowler needs Python 3.11 to 3.13 with venv; %s is not that. Name one in PYTHON.\n' "$python" >&2
  exit 1
fi

venv=.venv/prowler
wanted=$(cat test/prowler/requirements.txt)
if [[ ! -f $venv/installed || $(cat "$venv/installed") != "$wanted" ]]; then
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement test/prowler/requirements.txt
  # Written last: an interrupted installation is begun again.
  printf '%s\n' "$wanted" >"$venv/installed"
fi
"$venv/bin/python" test/prowler/ask.py

# The ends of twelve months of the simulated year: see test/proof/year-within-limit.test.ts.
months=$(node_modules/.bin/node test/prowler/year.ts)
"$venv/bin/python" test/prowler/year.py <<<"$months"
node_modules/.bin/biome format --write test/prowler/verdicts.json test/prowler/year.json
