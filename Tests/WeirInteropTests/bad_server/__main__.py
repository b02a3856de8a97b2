# SPDX-License-Identifier: Apache-2.0
"""Runs it as `python3 -m bad_server`, or as `python3 path/to/bad_server`."""
import pathlib
import sys

if not __package__:
    sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from bad_server.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
