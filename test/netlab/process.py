"""A daemon in a network namespace, with a /run of its own and with no more privileges than it is given.

The chain is `ip netns exec NS sh -c MOUNTS setpriv ... PROGRAM`; every link of it execs the next, so the process that
is started is the daemon itself. Its /run is an empty tmpfs into which the files it needs are bound (and so is its
/var/tmp, where FRR writes): like a pod it sees nothing else of /run, and it can reach those files even when the source tree lies in a home directory that only its
owner may enter (without CAP_DAC_OVERRIDE, uid 0 is not allowed to).
"""

import os
import shutil
import signal
import subprocess

from .namespace import LabError

MOUNT_AND_EXEC = """
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
while [ "$1" != -- ]; do
        if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "${2%/*}"; : >"$2"; fi
        mount --bind "$1" "$2"
        shift 2
done
shift
exec "$@"
"""


class Daemon:
    """start() and stop() a program; binds maps a file or directory outside to its place under /run."""

    def __init__(self, namespace, argv, log, *, binds=None, capabilities=None, keep=False, env=None, cwd="/"):
        self.namespace = namespace
        self.argv = list(argv)
        self.name = os.path.basename(argv[0])
        self.log = log
        self.binds = dict(binds or {})
        self.capabilities = capabilities
        self.keep = keep
        self.env = env
        self.cwd = cwd
        self.process = None

    def start(self):
        if self.running():
            raise LabError(f"{self} runs already")
        if not shutil.which(self.argv[0]) and self.argv[0] not in self.binds.values():
            raise LabError(f"{self.argv[0]} is not there")
        argv = ["ip", "netns", "exec", self.namespace.name, "sh", "-c", MOUNT_AND_EXEC, "sh"]
        for outside, inside in self.binds.items():
            argv += [outside, inside]
        argv += ["--", *self.setpriv(), *self.argv]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.cwd,
                                            env=self.env, start_new_session=True)
        return self

    def setpriv(self):
        argv = ["setpriv"]
        if not self.keep:
            argv += ["--pdeathsig", "KILL"]
        if self.capabilities is not None:
            argv += ["--bounding-set", ",".join(["-all"] + [f"+{name}" for name in self.capabilities]),
                     "--inh-caps", "-all", "--ambient-caps", "-all", "--no-new-privs"]
        return argv + ["--"] if len(argv) > 1 else []

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout=15):
        """SIGTERM and the exit status; LabError if it does not end in time (it is killed then)."""
        if self.process is None:
            return None
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        return self.wait_end(timeout)

    def wait_end(self, timeout=15):
        """The exit status of a process that was told to end; LabError if it does not in time (it is killed then)."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise LabError(f"{self} did not end within {timeout} s; its log ends:\n{self.tail()}") from None

    def kill9(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def inside(self, *argv):
        """The command line that runs argv where the daemon is: its network and its /run."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--net", "--", *argv]

    def text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=20):
        return "\n".join(self.text().splitlines()[-lines:])

    def __repr__(self):
        return f"{self.name} on {self.namespace.role}"
