#!/usr/bin/env python3
"""The manual pages in docs/man are what the program prints. ASSAY_GOLDEN=write rewrites
them, as `make golden` does."""
import os
import pathlib
import re
import subprocess
import sys

BIN = pathlib.Path(os.environ.get('ASSAY_BIN', 'build/assay')).resolve()
FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / 'docs' / 'man'


def printed(*args):
    return subprocess.run([BIN, *args], check=True, capture_output=True).stdout


def pages():
    """{file name: content} of every page."""
    listed = printed('help').decode().split('\nCommands:\n')[1].split('\n\n')[0]
    commands = re.findall(r'^  ([a-z]+) ', listed, re.M)
    found = {'assay.1': printed('man')}
    found.update({f'assay-{c}.1': printed('man', c) for c in commands})
    return found


def main():
    expected = pages()
    if len(expected) < 5:
        sys.exit(f'only {len(expected)} pages were found')
    if os.environ.get('ASSAY_GOLDEN') == 'write':
        FOLDER.mkdir(parents=True, exist_ok=True)
        for old in FOLDER.glob('*.1'):
            old.unlink()
        for name, content in expected.items():
            (FOLDER / name).write_bytes(content)
        return 0
    there = {p.name: p.read_bytes() for p in FOLDER.glob('*.1')}
    stale = sorted(n for n in expected.keys() | there.keys() if expected.get(n) != there.get(n))
    for name in stale:
        print(f'docs/man/{name} is not what the program prints; make golden rewrites it')
    return 1 if stale else 0


if __name__ == '__main__':
    sys.exit(main())
