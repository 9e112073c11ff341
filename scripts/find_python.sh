#!/bin/sh
# Print the path of a Python that can make the virtual environment: 3.11 or later, with venv and pip.
# $PYTHON wins when it is set. A name on the PATH may be an empty shim, so each candidate is run.
set -u
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
    if path=$("$candidate" -c '
import sys
import ensurepip, venv
assert sys.version_info >= (3, 11)
print(sys.executable)' 2>/dev/null); then
        echo "$path"
        exit 0
    fi
    if [ "$candidate" = "${PYTHON:-}" ]; then
        break
    fi
done
echo "expected Python 3.11 or later with its venv module; found none${PYTHON:+ behind PYTHON=$PYTHON}." >&2
echo "Install one (Debian and Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3 demo" >&2
exit 1
