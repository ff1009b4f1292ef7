#!/usr/bin/env python3
"""docs/formats.md is what the program prints. ASSAY_GOLDEN=write rewrites it, as `make
golden` does."""
import os
import pathlib
import subprocess
import sys

BIN = pathlib.Path(os.environ.get('ASSAY_BIN', 'build/assay')).resolve()
PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / 'docs' / 'formats.md'


def main():
    printed = subprocess.run([BIN, 'formats', '--markdown'], check=True,
                             capture_output=True).stdout
    if printed.count(b'\n## ') < 3:
        sys.exit('too few formats were printed')
    if os.environ.get('ASSAY_GOLDEN') == 'write':
        PAGE.write_bytes(printed)
        return 0
    if not PAGE.is_file() or PAGE.read_bytes() != printed:
        print('docs/formats.md is not what the program prints; make golden rewrites it')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
