"""The container image: built from the Dockerfile on a base made by mmdebstrap, so that no image registry is needed.

The base (Debian with the build packages) is made once and kept in the cache directory.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from netlab.topology import ROOT

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heraldlb"
PACKAGES = re.search(r"--no-install-recommends \\\n(.*?); fi", (Path(ROOT) / "Dockerfile").read_text(),
                     re.DOTALL).group(1).replace("\\", " ").split()


def run(*argv, **kwargs):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, f"{' '.join(map(str, argv))}:\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def base():
    name = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    tar = CACHE / f"image-base-{name}.tar"
    if not tar.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        temp = tar.with_suffix(f".{os.getpid()}.tar")
        try:
            run("mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm", temp)
            temp.rename(tar)
        finally:
            temp.unlink(missing_ok=True)
    return tar


@pytest.fixture(scope="module")
def image(base):
    """The root directory of a container of the built image."""
    work = Path(ROOT) / "build" / "image"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    os.environ.update(STORAGE_DRIVER="vfs", BUILDAH_ISOLATION="chroot")
    buildah = ("buildah", "--root", work / "root", "--runroot", work / "run")
    Path("/var/lib/containers").mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", "/var/lib/containers")  # in this process's own mount namespace
    try:
        container = run(*buildah, "from", "scratch").strip()
        run(*buildah, "add", "-q", container, base, "/")
        run(*buildah, "commit", "-q", "--rm", container, "herald-base")
        run(*buildah, "bud", "--build-arg", "BASE=localhost/herald-base", "-t", "heraldlb", "-f",
            Path(ROOT) / "Dockerfile", ROOT)
        container = run(*buildah, "from", "localhost/heraldlb").strip()
        yield Path(run(*buildah, "mount", container).strip())
    finally:
        subprocess.run(["umount", "/var/lib/containers"], check=False)
        subprocess.run([str(word) for word in (*buildah, "rm", "--all")], capture_output=True, check=False)
        shutil.rmtree(work, ignore_errors=True)


def test_it_holds_the_program_and_its_libraries_only(image):
    files = [path for path in image.rglob("*") if path.is_file() and not path.is_symlink()]
    assert (image / "usr/bin/herald") in files
    assert not [path for path in files if "/lib" not in str(path) and path.name != "herald"
                and path.relative_to(image).parts[0] not in ("etc", "dev", "proc", "sys", "run")]
    assert sum(path.stat().st_size for path in files) < 32 << 20


def test_it_runs_there(image):
    assert run("chroot", image, "/usr/bin/herald", "version").startswith("herald ")
    sample = (Path(ROOT) / "deploy" / "samples" / "home-l2.yaml").read_text()
    run("chroot", image, "/usr/bin/herald", "check", "-", input=sample)
