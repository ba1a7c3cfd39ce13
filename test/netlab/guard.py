"""Cleans up after a laboratory whose owner was killed. It reads directories, one a line, from the pipe that its owner
holds open; when the owner is gone it ends what still runs in the namespaces of the private /run that both share, and
removes the directories. (PR_SET_PDEATHSIG alone does not do: a daemon that changes its user loses it.)
"""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from netlab.namespace import remove_leftovers  # noqa: E402  pylint: disable=wrong-import-position


def main():
    directories = [line.rstrip("\n") for line in sys.stdin]
    remove_leftovers("")
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
