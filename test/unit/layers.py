"""Checks of the sources' shape: a folder includes only what its CMakeLists.txt says it may use, and files and
functions stay small.

    python3 layers.py
"""

import re
import sys
from pathlib import Path

MAX_FILE = 500
MAX_FUNCTION = 80
INCLUDE = re.compile(r'^\s*#\s*include\s+"(?:lib/)?([A-Za-z0-9_-]+)/[^"]+"')
LINK = re.compile(r"\bherald_([a-z0-9]+)\b")


def folders(root):
    """name: path of every folder of sources. Tests may include what they test, so they are not among them."""
    found = {path.name: path for path in sorted((root / "lib").iterdir()) if path.is_dir()}
    return {**found, "k8s": root / "k8s", **{path.name: path for path in sorted((root / "cmd").iterdir())}}


def links(folder):
    """The libraries that a folder's CMakeLists.txt links, by their short names."""
    text = re.sub(r"#.*", "", (folder / "CMakeLists.txt").read_text(encoding="utf-8"))
    calls = re.findall(r"herald_library\(\s*\S+([^)]*)\)|target_link_libraries\(\s*\S+([^)]*)\)", text)
    return {name for call in calls for name in LINK.findall(" ".join(call))}


def closure(direct):
    """Everything that each folder may use, by its own links and by those of what it links."""
    allowed = {name: set(names) for name, names in direct.items()}
    grown = True
    while grown:
        grown = False
        for names in allowed.values():
            more = set().union(*(allowed.get(name, set()) for name in names)) - names
            names |= more
            grown = grown or bool(more)
    return allowed


def wrong_includes(root):
    where = folders(root)
    allowed = closure({name: links(path) for name, path in where.items()})
    problems = [f"{name} depends on itself through its links" for name, names in allowed.items() if name in names]
    for name, path in where.items():
        for source in sorted([*path.glob("*.c"), *path.glob("*.h")]):
            for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
                used = INCLUDE.match(line)
                if used and used[1] in where and used[1] != name and used[1] not in allowed[name]:
                    problems.append(f"{source.relative_to(root)}:{number}: {name} may not include {used[1]}/; "
                                    f"its CMakeLists.txt does not link herald_{used[1]}")
    return problems


def sources(root):
    return [source for path in folders(root).values() for source in sorted(path.glob("*.c"))]


def long_files(root):
    counts = ((source, len(source.read_text(encoding="utf-8").splitlines())) for source in sources(root))
    return [f"{source.relative_to(root)} has {count} lines (at most {MAX_FILE})"
            for source, count in counts if count > MAX_FILE]


def functions(text):
    """(name, first line, number of lines) of every function; clang-format puts its braces in the first column."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            head = start
            while head > 0 and lines[head - 1].strip() and not lines[head - 1].startswith(("}", "#", " */", "/*")):
                head -= 1
            name = re.search(r"(\w+)\s*\(", " ".join(lines[head:start]))
            if name:
                yield name[1], head + 1, number - head + 1
            start = None


def long_functions(root):
    return [f"{source.relative_to(root)}:{line}: {name}() has {count} lines (at most {MAX_FUNCTION})"
            for source in sources(root)
            for name, line, count in functions(source.read_text(encoding="utf-8")) if count > MAX_FUNCTION]


def checks(root):
    """(name of the check, problems) of each check."""
    return [("layers_includes", wrong_includes(root)), ("layers_file_length", long_files(root)),
            ("layers_function_length", long_functions(root))]


def main(root):
    problems = [problem for _, found in checks(root) for problem in found]
    print("\n".join(problems) or "as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
