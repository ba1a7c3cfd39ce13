#!/usr/bin/env python3
"""Child processes that cannot outlive their owner, each with a log file.

Every child leads a process group of its own and asks the kernel (PR_SET_PDEATHSIG, through setpriv) to be
killed when the thread that started it is gone, so nothing stays behind even if the runner is killed. The
kernel means the thread, not the process: so one thread that lives as long as the process starts them all.

Run as a program, this file is a supervisor: it starts a command again whenever that ends, until it is
terminated itself.

    process.py supervise COMMAND ARGUMENT...
"""

import concurrent.futures
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

SPAWNER = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]
RESTART_PAUSE_SECONDS = 0.2


class Process:
    """One running program. detached: it stays when this process ends (stop it by close_recorded)."""

    def __init__(self, name, argv, log, *, cwd, env, detached=False):
        self.name = name
        self.log = Path(log)
        with open(self.log, "ab") as output:
            self.popen = SPAWNER.submit(
                subprocess.Popen, [*([] if detached else DIE_WITH_PARENT), *argv], cwd=cwd, env=env,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            ).result()

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def stop(self, seconds=15):
        """SIGTERM; SIGKILL to its group if it is not gone in time (0: at once). Returns when it is gone."""
        try:
            if seconds > 0 and self.running():
                self.popen.terminate()
                self.popen.send_signal(signal.SIGCONT)
                self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if self.running():
                os.killpg(self.pid, signal.SIGKILL)
                self.popen.wait()

    def tail(self, lines=25):
        """The last lines of its log, under a heading that says what became of it."""
        code = self.popen.poll()
        state = "running" if code is None else f"ended with {code}"
        try:
            text = self.log.read_text(errors="replace").splitlines()[-lines:]
        except OSError as error:
            text = [str(error)]
        return "\n".join([f"--- {self.name} ({state}), end of {self.log}:", *(line[:400] for line in text)])


def supervised(argv):
    """The argument list that runs argv again whenever it ends."""
    return [sys.executable, str(Path(__file__).resolve()), "supervise", *argv]


def identity(pid):
    """What tells a process from a later one with the same pid (None: there is no such process)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])  # its start time


def close_recorded(recorded, seconds=15):
    """Ends processes that another run left detached: a list of (pid, identity) in the order to end them."""
    for pid, born in recorded:
        if identity(pid) != born:
            continue
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while identity(pid) == born:
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
            time.sleep(0.02)


def supervise(argv):
    ending = threading.Event()
    child = None

    def end(*_):
        ending.set()
        if child is not None:
            child.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while not ending.is_set():
        child = subprocess.Popen([*DIE_WITH_PARENT, *argv])  # pylint: disable=consider-using-with
        if ending.is_set():  # the signal came while it was being started
            child.terminate()
        code = child.wait()
        if not ending.is_set():
            print(f"supervisor: {argv[0]} ended with {code}, starting it again", flush=True)
            ending.wait(RESTART_PAUSE_SECONDS)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] != ["supervise"] or len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(supervise(sys.argv[2:]))
