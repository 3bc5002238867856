#!/usr/bin/env bash
# Asks prowler about the account of account.json, in a virtual environment of its own (some 300 packages), and writes
# verdicts.json. Needs Python 3.11 or 3.12.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=.venv/prowler
wanted=$(cat test/prowler/requirements.txt)
if [[ ! -f $venv/installed || $(cat "$venv/installed") != "$wanted" ]]; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement test/prowler/requirements.txt
  # Written last: an interrupted installation is begun again.
  printf '%s\n' "$wanted" >"$venv/installed"
fi
"$venv/bin/python" test/prowler/ask.py

# The ends of twelve months of the simulated year: see test/proof/year-within-limit.test.ts.
months=$(node_modules/.bin/node test/prowler/year.ts)
"$venv/bin/python" test/prowler/year.py <<<"$months"
