"""What the tests of whole reports share: the reports, a JSON reader that is not assay's, and
assay's rules for showing hostile text, written a second time from their description.

A number keeps its spelling (Num), so that 1.0 and 1 differ and no digit of a large integer
is lost. A lone surrogate, which no well-formed text can hold, is U+FFFD on both sides.
"""
import gzip
import json
import os
import pathlib
import re
import subprocess
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
# A sanitized build is slow, and finds in a part of the inputs what it would in all.
SANITIZED = 'san' in BIN
STRIDE = 4 if SANITIZED else 1
DATA = pathlib.Path(os.environ.get('ASSAY_DATA', str(ROOT.parent / 'shared' / 'data')))

SURROGATE = re.compile('[\ud800-\udfff]')
# Drawn, though of the category of hidden format characters: signs of Arabic, Syriac, Kaithi.
DRAWN = ((0x600, 0x605), (0x6dd, 0x6dd), (0x70f, 0x70f), (0x890, 0x891), (0x8e2, 0x8e2),
         (0x110bd, 0x110bd), (0x110cd, 0x110cd))
# Default-ignorable, though of the categories of marks and letters.
IGNORABLE = ((0x34f, 0x34f), (0x115f, 0x1160), (0x17b4, 0x17b5), (0x180b, 0x180f),
             (0x3164, 0x3164), (0xfe00, 0xfe0f), (0xffa0, 0xffa0), (0xe0000, 0xe0fff))


class Num(str):
    """A JSON number as it is spelled; never equal to a text."""
    __slots__ = ()

    def __eq__(self, other):
        return type(other) is Num and str.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def refuse_constant(name):
    raise ValueError(f'{name} is not JSON')


DECODER = json.JSONDecoder(parse_float=Num, parse_int=Num, parse_constant=refuse_constant,
                           strict=True)


def parse(text):
    """The one JSON value that `text` is, with nothing before or after it."""
    value, end = DECODER.raw_decode(text)
    if end != len(text):
        raise ValueError(f'{len(text) - end} characters after the value')
    return value


def scalar(value):
    """A scalar as text, or None for null and containers."""
    if value is True:
        return 'true'
    if value is False:
        return 'false'
    if isinstance(value, Num):
        return str.__str__(value)
    if isinstance(value, str):
        return SURROGATE.sub('\ufffd', value)
    return None


def walk(value, path=()):
    """Every (path, scalar as text) below `value`, itself included."""
    todo = [(path, value)]
    while todo:
        at, v = todo.pop()
        if isinstance(v, dict):
            todo.extend((at + (k,), w) for k, w in v.items())
        elif isinstance(v, list):
            todo.extend((at + (i,), w) for i, w in enumerate(v))
        else:
            text = scalar(v)
            if text is not None:
                yield at, text


def walk_texts(value):
    """Each scalar anywhere in the value, as text."""
    return {text for _, text in walk(value)}


def resolve(doc, pointer):
    """RFC 6901. Raises if it leads nowhere."""
    if pointer == '':
        return doc
    if not pointer.startswith('/'):
        raise ValueError(f'no JSON Pointer: {pointer!r}')
    for token in pointer[1:].split('/'):
        token = token.replace('~1', '/').replace('~0', '~')
        if isinstance(doc, list):
            if not re.fullmatch('0|[1-9][0-9]*', token):
                raise ValueError(f'no index: {token!r}')
            doc = doc[int(token)]
        else:
            doc = doc[token]
    return doc


def hidden(c):
    cp = ord(c)
    if cp < 0x20 or 0x7f <= cp < 0xa0:
        return True
    if any(a <= cp <= b for a, b in IGNORABLE):
        return True
    category = unicodedata.category(c)
    if category == 'Cf':
        return not any(a <= cp <= b for a, b in DRAWN)
    return category in ('Cc', 'Cs', 'Co', 'Cn', 'Zl', 'Zp')


def visible(text):
    """as_escape_visible() of well-formed text."""
    if text.isascii() and text.isprintable():
        return text
    out = []
    for c in text:
        if not hidden(c):
            out.append(c)
        elif c in '\n\r\t':
            out.append({'\n': '\\n', '\r': '\\r', '\t': '\\t'}[c])
        elif ord(c) < 0x80:
            out.append(f'\\x{ord(c):02x}')
        else:
            out.append(f'\\u{{{ord(c):x}}}')
    return ''.join(out)


def run(*args, check=True, **options):
    done = subprocess.run([BIN, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
                          **options)
    if check and done.returncode:
        raise SystemExit(f'assay {" ".join(map(str, args))}: status {done.returncode}: '
                         f'{done.stderr.decode(errors="replace")}')
    return done


def unpacked(path):
    raw = path.read_bytes()
    return gzip.decompress(raw) if raw[:2] == b'\x1f\x8b' else raw


def is_report(doc):
    return isinstance(doc, dict) and isinstance(doc.get('info'), dict) and 'behavior' in doc


def reports():
    """(path, unpacked bytes, document) of the examples and of each real CAPE or Cuckoo report."""
    found = sorted((ROOT / 'examples').glob('*.json'))
    real = DATA / 'reports'
    if real.is_dir():
        found += sorted(p for p in real.rglob('*')
                        if p.name.endswith(('.json', '.json.gz')) and p.is_file())
    else:
        print(f'no real reports: {real} is not there; the examples alone are read')
    for path in found:
        data = unpacked(path)
        if b'"behavior"' not in data or b'"info"' not in data:
            continue
        try:
            doc = parse(data.decode().strip(' \t\r\n'))
        except ValueError:
            continue
        if is_report(doc):
            yield path, data, doc


def facts(path):
    """The facts of a report, numbers as Num."""
    lines = run('facts', '-q', path).stdout.decode().split('\n')
    if lines.pop() != '':
        raise SystemExit(f'assay facts {path}: the last line is not ended')
    return [parse(line) for line in lines]


def as_list(value):
    return value if isinstance(value, list) else [value]
