#!/usr/bin/env python3
"""Checks that src/ keeps to its layers.

    tools/check-layers.py [REPOSITORY]

- Modules stand in the order below, and each is one assay_module() line of
  CMakeLists.txt; USES names earlier modules only.
- A module includes the public headers of the modules it USES, and its own. A header is
  private when it is named *_priv.h or *_body.h, or its first line says "private to".
- Only src/base/mem*.c calls the heap functions of libc.
- Every .c file includes "base/banned.h" after every other header.

Prints one line per fault; exit status 1 if there is any.
"""
import pathlib
import re
import sys

ORDER = """base evidence formats describe store nn encode detect traffic retrieve query llm
    answer homology agents tuning report server cli""".split()

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
HEAP = re.compile(r'(?<![\w.>])(malloc|calloc|realloc|reallocarray|free|strdup|strndup|'
                  r'asprintf|vasprintf|aligned_alloc|posix_memalign|getline)[ \t]*\(')
MODULE = re.compile(r'^assay_module\(\s*(\w+)([^)]*)\)', re.M)

# What a .c file includes as a piece of its own code.
PIECES = ('_body.h', '.inc')

faults = []


def fault(path, line, text):
    faults.append(f'{path}:{line}: {text}')


def line_of(text, at):
    return text.count('\n', 0, at) + 1


def blank(match):
    """Comments and literals become blanks, so that offsets and line numbers stay."""
    return re.sub(r'[^\n]', ' ', match.group())


def read_uses(root):
    """{module: set of modules it USES}, from the assay_module() lines."""
    text = (root / 'CMakeLists.txt').read_text()
    uses = {}
    for m in MODULE.finditer(text):
        name, line = m.group(1), line_of(text, m.start())
        words = m.group(2).split()
        start = words.index('USES') + 1 if 'USES' in words else len(words)
        end = words.index('LIBS') if 'LIBS' in words else len(words)
        uses[name] = set(words[start:max(start, end)])
        if name not in ORDER:
            fault('CMakeLists.txt', line, f"module '{name}' has no place in the layer order")
            continue
        for used in sorted(uses[name]):
            if used not in ORDER[:ORDER.index(name)]:
                fault('CMakeLists.txt', line, f"'{name}' uses '{used}', which is not below it")
    return uses


def is_private(root, header):
    if header.endswith(('_priv.h', *PIECES)):
        return True
    path = root / 'src' / header
    head = path.read_text().split('\n', 2)[:2] if path.is_file() else []
    return any('private to' in line for line in head)


def check_file(root, path, module, uses):
    text = path.read_text()
    name = path.relative_to(root)
    code = TOKEN.sub(blank, text)
    last = None
    for m in INCLUDE.finditer(text):
        header, line = m.group(2), line_of(text, m.start())
        if 'include' not in code[m.start():m.end()]: # it stands in a comment
            continue
        if not header.endswith(PIECES):
            last = header
        if m.group(1) == '<':
            continue
        owner = header.split('/')[0]
        if not (root / 'src' / header).is_file():
            fault(name, line, f'"{header}" is no file of src/ (write "module/header.h")')
        elif owner != module and owner not in uses:
            fault(name, line, f"'{module}' includes \"{header}\" but does not use '{owner}'")
        elif owner != module and is_private(root, header):
            fault(name, line, f'"{header}" is private to \'{owner}\'')
    if path.suffix == '.c' and last != 'base/banned.h':
        fault(name, 1, 'the last header is not "base/banned.h"')
    if not (module == 'base' and re.fullmatch(r'mem\w*\.c', path.name)):
        for m in HEAP.finditer(code):
            fault(name, line_of(code, m.start()), f'{m.group(1)}() outside src/base/mem.c')


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    uses = read_uses(root)
    files = sorted(p for p in (root / 'src').rglob('*') if p.suffix in ('.c', '.h'))
    for path in files:
        module = path.relative_to(root / 'src').parts[0]
        if module not in uses:
            fault(path.relative_to(root), 1, f"no assay_module() line for '{module}'")
            continue
        check_file(root, path, module, uses[module])
    print('\n'.join(faults) if faults else f'layers: {len(files)} files in order')
    return 1 if faults or not files else 0


if __name__ == '__main__':
    sys.exit(main())
