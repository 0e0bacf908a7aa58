#!/usr/bin/env bash
# Installs the peers by their names into WORK/venv and compares; all that follows goes to compare.py:
#   compare.sh WORK --rawsky target/release/rawsky NIGHT...
set -euo pipefail
work=${1:?the folder to work in}
shift
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
fi
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
exec "$work/venv/bin/python" "$here/compare.py" "$@"
