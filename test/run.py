"""The work of test/run: builds the presets, runs the layers, and adds up what passed, failed and was skipped.

    python3 run.py NAME LAYER...        NAME narrows (empty: everything)
"""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
OUT = BUILD / "test"
FUZZ_RUNS = 20000
IN_CI = os.environ.get("CI") == "true"


class Sum:
    """What the tests said so far."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def say(text):
    print(text, flush=True)


def build(preset):
    """Configures and builds one preset; what the compiler says is shown if it fails."""
    say(f"building {preset} in build/{preset}")
    steps = (["cmake", "--preset", preset, "-B", str(BUILD / preset)],
             ["cmake", "--build", str(BUILD / preset), f"-j{os.cpu_count()}"])
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            say("\n".join(done.stdout.splitlines()[-60:]))
            say(f"FAILED build of {preset}: {' '.join(step)}")
            return False
    return True


# ---- unit

def unit(name, total):
    if not build("debug"):
        total.add(failed=1)
    else:
        for program in sorted((BUILD / "debug" / "test" / "unit").glob("*_test_*")):
            if program.is_file() and os.access(program, os.X_OK):
                check_program(program, name, total)
    fuzz(name, total)
    layering(name, total)


def check_program(program, name, total):
    """One Check program; its TAP lines are `ok N - FILE:CASE:TEST: words`."""
    folder, _, rest = program.name.partition("_test_")
    whole = name in program.name
    source = ROOT / "test" / "unit" / folder / f"test_{rest}.c"
    if not whole and not (source.exists() and name in source.read_text(encoding="utf-8")):
        return
    tap = OUT / f"{program.name}.tap"
    tap.unlink(missing_ok=True)
    environment = {**os.environ, "CK_TAP_LOG_FILE_NAME": str(tap), "CK_VERBOSITY": "silent",
                   "TMPDIR": str(OUT)}
    try:
        done = subprocess.run([program], cwd=OUT, env=environment, stdin=subprocess.DEVNULL, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        status, output = "no end within 300 s", (error.stdout or b"").decode(errors="replace")
    lines = tap.read_text(encoding="utf-8", errors="replace").splitlines() if tap.exists() else []
    ok = [line for line in lines if line.startswith("ok ") and (whole or name in line)]
    bad = [line for line in lines if line.startswith("not ok ")]
    shown = bad if whole else [line for line in bad if name in line]
    failed = len(shown)
    planned = next((int(line[3:]) for line in lines if re.fullmatch(r"1\.\.\d+", line)), -1)
    ran = sum(line.startswith(("ok ", "not ok ")) for line in lines)
    if (status != 0 and not bad) or planned != ran:
        failed += 1
        shown.append(f"{program.name}: exit {status}, {ran} of {max(planned, 0)} tests have a result")
    for line in shown:
        say(f"FAILED {program.name}: {line}")
    if shown:
        say("\n".join("    " + line for line in output.splitlines()[-40:]))
    total.add(passed=len(ok), failed=failed)
    if ok or failed:
        say(f"  {program.name}: {len(ok)} passed" + (f", {failed} failed" if failed else ""))


def fuzz(name, total):
    """Every fuzz target, over its corpus and a fixed number of inputs made from it."""
    sources = sorted((ROOT / "test" / "fuzz").glob("*.c"))
    sources = [source for source in sources if name in f"fuzz_{source.stem}"]
    if not sources:
        return
    if not build("fuzz"):
        total.add(failed=1)
        return
    for source in sources:
        program = BUILD / "fuzz" / "test" / "fuzz" / f"fuzz_{source.stem}"
        found = OUT / f"corpus-{source.stem}"  # libFuzzer adds what it finds to the first directory
        shutil.rmtree(found, ignore_errors=True)
        found.mkdir()
        corpus = ROOT / "test" / "data" / "fuzz" / source.stem
        argv = [program, f"-runs={FUZZ_RUNS}", "-seed=1", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                f"-artifact_prefix={OUT}/{source.stem}-", found] + ([corpus] if corpus.is_dir() else [])
        done = subprocess.run(argv, cwd=OUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        if done.returncode == 0:
            total.add(passed=1)
            say(f"  fuzz_{source.stem}: {FUZZ_RUNS} inputs")
        else:
            total.add(failed=1)
            say(f"FAILED fuzz_{source.stem}: exit {done.returncode}")
            say("\n".join("    " + line for line in done.stdout.splitlines()[-40:]))


def layering(name, total):
    sys.path.insert(0, str(ROOT / "test" / "unit"))
    import layers
    for check, problems in layers.checks(ROOT):
        if name in check:
            total.add(passed=int(not problems), failed=int(bool(problems)))
            say(f"  {check}: " + ("as it should be" if not problems else f"{len(problems)} problems"))
            for problem in problems:
                say(f"FAILED {check}: {problem}")


# ---- lab and e2e

def lab(name, total):
    herald = os.environ.get("HERALD")
    if not herald:
        if not build("debug"):
            total.add(failed=1)
            return
        herald = str(BUILD / "debug" / "cmd" / "herald" / "herald")
    pytest("lab", name, total, {"HERALD": herald})


def e2e(name, total):
    """First the components of Kubernetes; without Go and its modules there is no e2e."""
    why = build_kubernetes() or build_kubernetes("--older")
    if why:
        say(f"{'FAILED' if IN_CI else 'skipped'} e2e: {why}")
        total.add(failed=int(IN_CI), skipped=int(not IN_CI))
        return
    if not os.environ.get("HERALD") and not build("release"):
        total.add(failed=1)
        return
    pytest("e2e", name, total, {}, ("kube", "e2e"))


def build_kubernetes(*which):
    """None, or why there is none; its progress is shown while it goes on."""
    argv = ["/usr/bin/python3", "-B", str(ROOT / "test" / "kube" / "build.py"), *which]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True) as process:
        last = "Kubernetes could not be built"
        for line in process.stderr:
            last = line.strip() or last
            if not last.startswith("error: "):
                say(f"  {last}")
    return last.removeprefix("error: ") if process.returncode != 0 else None


def pytest(layer, name, total, environment, folders=None):
    if not list((ROOT / "test" / layer).glob("test_*.py")):
        say(f"  {layer}: no tests yet")
        return
    report = OUT / f"{layer}.xml"
    report.unlink(missing_ok=True)
    argv = ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "--no-header",
            f"--rootdir={ROOT}", f"--basetemp={OUT / layer / 'base'}", f"--junitxml={report}", "-o", "junit_family=xunit2",
            *(["-k", name] if name else []), *[str(ROOT / "test" / folder) for folder in folders or (layer,)]]
    passed_on = {key: os.environ[key] for key in ("CI", "HERALD") if key in os.environ}
    passed_on["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    passed_on["TMPDIR"] = str(OUT / layer / "tmp")
    Path(passed_on["TMPDIR"]).mkdir(parents=True, exist_ok=True)
    variables = [f"{key}={value}" for key, value in {**passed_on, **environment}.items()]
    status = subprocess.run([*as_root, "env", "PYTHONDONTWRITEBYTECODE=1", *variables, *argv], cwd=ROOT,
                            stdin=subprocess.DEVNULL, check=False).returncode
    subprocess.run([*as_root, "rm", "-rf", OUT / layer], stdin=subprocess.DEVNULL, check=False)
    if report.exists():
        suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
        count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        failed = count["failures"] + count["errors"]
        total.add(count["tests"] - failed - count["skipped"], failed, count["skipped"])
    if status not in (0, 1, 5):  # 5: -k left nothing
        say(f"FAILED {layer}: pytest ended with status {status}")
        total.add(failed=1)


def main(name, layers):
    OUT.mkdir(parents=True, exist_ok=True)
    total = Sum()
    try:
        for layer in layers:
            say(f"== {layer}")
            {"unit": unit, "lab": lab, "e2e": e2e}[layer](name, total)
    except KeyboardInterrupt:
        say("interrupted")
        total.add(failed=1)
    if name and total.passed + total.failed + total.skipped == 0:
        say(f"no test has a name that contains {name}")
        total.add(failed=1)
    say(str(total))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
