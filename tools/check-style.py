#!/usr/bin/env python3
"""Checks the house rules that clang-format does not know.

    tools/check-style.py [REPOSITORY]

C: no // comments; at most 100 columns; files under 1000 lines; functions of at most 100
lines unless the comment right above says `long: why`; a comment that names as_f() names
a function that exists. Every text file: no package registry's host, no path that exists
only on somebody's machine.

Prints one line per fault; exit status 1 if there is any.
"""
import pathlib
import re
import sys

COLUMNS = 100
FILE_LINES = 999
FUNCTION_LINES = 100

FOLDERS = ('src', 'tests', 'tools', 'docs', 'examples', '.ci', 'cmake')
TEXT = {'.c', '.h', '.cc', '.inc', '.py', '.sh', '.md', '.txt', '.json', '.html', '.css', '.js', ''}
CODE = {'.c', '.h', '.cc', '.inc'}

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
NAMED = re.compile(r'\bas_\w+(?=\(\))')
CALLABLE = re.compile(r'\b(as_\w+)\s*(?:\(|;)')
# Inputs and expected outputs quote what a tool wrote on its own machine.
QUOTED = re.compile(r'^(examples|tests/(golden|fuzz/(regress|seeds)|unit|cli))/')
# In pieces, so that this file is not its own finding.
HOST = re.compile('|'.join(a + b for a, b in (
    ('py', r'pi\.org'), ('python', 'hosted'), ('npm', r'js\.(?:org|com)'), ('crates', r'\.io'),
    ('proxy', r'\.golang'), ('repo1?', r'\.maven'), ('deb', r'\.debian'))), re.I)
MACHINE = re.compile(r'(?<![\w./~])/(?:' + '|'.join(('wo' 'rk', 'fa' 'rm', 'ho' 'me', 'ro' 'ot'))
                     + r')/\w')

faults = []


def fault(name, line, text):
    faults.append(f'{name}:{line}: {text}')


def line_of(text, at):
    return text.count('\n', 0, at) + 1


def check_functions(name, lines):
    """A function's body is a `{` and a `}` in the first column, as clang-format puts them."""
    start = None
    for i, line in enumerate(lines):
        if line == '{':
            start = i
        elif line == '}' and start is not None:
            length = i - start + 1
            top = start
            while top > 0 and lines[top - 1].strip():
                top -= 1
            exempt = any('long:' in above for above in lines[top:start])
            if length > FUNCTION_LINES and not exempt:
                fault(name, start + 1, f'function of {length} lines, at most {FUNCTION_LINES}')
            start = None


def check_code(name, text, known):
    lines = text.split('\n')
    if len(lines) - 1 > FILE_LINES:
        fault(name, len(lines) - 1, f'{len(lines) - 1} lines, at most {FILE_LINES}')
    by_hand = False # between `clang-format off` and `on`: a table that reads best as it is
    for i, line in enumerate(lines, 1):
        if 'clang-format o' in line:
            by_hand = 'clang-format off' in line
        if len(line) > COLUMNS and not by_hand:
            fault(name, i, f'{len(line)} columns, at most {COLUMNS}')
    for m in TOKEN.finditer(text):
        token, line = m.group(), line_of(text, m.start())
        if token.startswith('//'):
            fault(name, line, 'a // comment')
        elif token.startswith('/*'):
            for named in NAMED.finditer(token):
                if named.group() not in known:
                    at = line + token.count('\n', 0, named.start())
                    fault(name, at, f'the comment names {named.group()}(), which does not exist')
    check_functions(name, lines)


def text_files(root):
    paths = [p for p in root.iterdir() if p.is_file()]
    for folder in FOLDERS:
        paths += [p for p in (root / folder).rglob('*') if p.is_file()]
    return sorted(p for p in paths if p.suffix in TEXT and '__pycache__' not in p.parts)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    texts = {p.relative_to(root).as_posix(): p.read_text(errors='replace')
             for p in text_files(root)}
    code = {n: t for n, t in texts.items() if pathlib.PurePath(n).suffix in CODE}
    known = set()
    for text in code.values():
        known.update(CALLABLE.findall(TOKEN.sub(' ', text)))
    for name, text in texts.items():
        if name in code:
            check_code(name, text, known)
        for i, line in enumerate(text.split('\n'), 1):
            if HOST.search(line):
                fault(name, i, "a package registry's host")
            if MACHINE.search(line) and not QUOTED.match(name):
                fault(name, i, 'a path of one machine')
    print('\n'.join(faults) if faults else f'style: {len(texts)} files clean')
    return 1 if faults or not code else 0


if __name__ == '__main__':
    sys.exit(main())
