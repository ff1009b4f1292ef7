#!/usr/bin/env python3
"""Compares our tokenizers with the package `tokenizers`, id for id.

    tests/oracle/tokens.py DUMP TOKENIZER.json [--count N] [--seed S] [--code-points]

DUMP is build/oracle/tokens_dump (cmake --build --preset dev --target oracle). Half of the
texts are real (lines below $ASSAY_DATA, default ../shared/data), half generated: Chinese,
mixed scripts, API names, paths, emoji, combining marks, bad UTF-8. A bad byte is U+FFFD for
both. Words of special tokens are ordinary text for us, so the other is asked without them.
Prints the first differences; exit status 1 if there is any. Needs `pip install tokenizers`.
"""
import argparse
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile


def per_byte(raw):
    """Each byte that is no part of valid UTF-8 is one U+FFFD."""
    out = []
    at = 0
    while at < len(raw):
        for n in (1, 2, 3, 4):
            try:
                out.append(raw[at:at + n].decode('utf-8'))
                at += n
                break
            except UnicodeDecodeError:
                continue
        else:
            out.append('\ufffd')
            at += 1
    return ''.join(out)


def real_lines(folder, wanted, rng):
    lines = []
    paths = [p for p in pathlib.Path(folder).rglob('*')
             if p.is_file() and p.suffix in ('.json', '.txt', '.js', '.ps1', '.tsv', '.csv', '.md', '.log')]
    rng.shuffle(paths)
    for path in paths:
        with open(path, 'rb') as f:
            for line in f.read(400_000).splitlines():
                if line:
                    lines.append(line[:2000])
        if len(lines) > 4 * wanted:
            break
    rng.shuffle(lines)
    return lines[:wanted]


RANGES = [(0x20, 0x7f), (0x20, 0x7f), (0x20, 0x7f), (0xa0, 0x24f), (0x300, 0x36f), (0x370, 0x52f),
          (0x590, 0x6ff), (0x900, 0x97f), (0xe00, 0xe7f), (0x1100, 0x11ff), (0x1e00, 0x1fff),
          (0x2000, 0x206f), (0x2070, 0x2bff), (0x3000, 0x30ff), (0x4e00, 0x9fff), (0x4e00, 0x9fff),
          (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfe00, 0xfe6f), (0xff00, 0xffef),
          (0x1f300, 0x1faff), (0x20000, 0x2a6df), (0x2b740, 0x2ceaf), (0, 0x10ffff)]
WORDS = ['NtCreateUserProcess', 'C:\\Users\\x\\AppData\\a.ps1', 'hxxp://evil[.]example.com/x',
         '恶意软件通过注册表实现持久化', 'HKLM\\Software\\Microsoft', 'T1059.001', '45[.]154.98.194',
         'naïve', 'İstanbul', 'ΣΊΣΥΦΟΣ', 'ﬁnance', 'straße', '👨‍👩‍👧‍👦', 'é', 'カ゛', '각', '[SEP]', '[UNK]',
         '</s>', '##ing', 'a' * 120, 'd41d8cd98f00b204e9800998ecf8427e', '\u200b', '\ufeff', '\x00']


def generated(rng):
    kind = rng.random()
    if kind < 0.3:
        text = ' '.join(rng.choice(WORDS) for _ in range(rng.randint(1, 8))).encode()
    elif kind < 0.4:
        text = bytes(rng.randrange(256) for _ in range(rng.randint(0, 60)))
    else:
        chars = []
        for _ in range(rng.randint(0, 40)):
            low, high = rng.choice(RANGES)
            c = rng.randint(low, high)
            chars.append(chr(c) if not 0xd800 <= c < 0xe000 else ' ')
        text = ''.join(chars).encode()
    if rng.random() < 0.1 and text:
        cut = rng.randrange(len(text))
        text = text[:cut] + bytes([rng.randrange(128, 256)]) + text[cut:]
    return text


# Where a character may end a cluster, begin one, or be within: \u00bd and \u00b2 have replacements.
FORMS = ('acb', '\u00bdcb', 'ac\u0301b', '\u00a9\u200dc\u00b2')
USUAL = ('<s>', '<pad>', '</s>', '<unk>', '<mask>')


class OfTokenizers:
    """The package `tokenizers`; special tokens are no words: in a Unigram vocabulary, where they
    are pieces like any others to it, they get a name that is in no text."""

    def __init__(self, path):
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
        text = pathlib.Path(path).read_text(encoding='utf-8')
        if not text.lstrip().startswith('{'):
            vocab = {piece: i for i, piece in enumerate(text.split('\n')[:-1])}
            self.peer = Tokenizer(models.WordPiece(vocab, unk_token='[UNK]'))
            self.peer.normalizer = normalizers.BertNormalizer()
            self.peer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            return
        data = json.loads(text, parse_float=as_written)
        special = {t['content'] for t in data['added_tokens'] if t['special']} | set(USUAL)
        if isinstance(data['model']['vocab'], list):
            data['model']['vocab'] = [('\U0010fffd' + p if p in special else p, score)
                                      for p, score in data['model']['vocab']]
        data['added_tokens'] = []
        data['post_processor'] = data['truncation'] = data['padding'] = None
        self.peer = Tokenizer.from_str(json.dumps(data))

    def encode(self, text):
        valid = per_byte(text)
        return self.peer.encode(valid, add_special_tokens=False).ids

    def places(self, text):
        """(begin, end) of each token in bytes."""
        at = [0]
        for c in per_byte(text):
            bad = c == '\ufffd' and text[at[-1]:at[-1] + 3] != b'\xef\xbf\xbd'
            at.append(at[-1] + (1 if bad else len(c.encode())))
        encoding = self.peer.encode(per_byte(text), add_special_tokens=False)
        return [(at[b], at[e]) for b, e in encoding.offsets]

    def run(self, text):
        return self.peer.encode(text, add_special_tokens=False)


def as_written(text):
    """The library's own reader of numbers rounds by the digits it sees: they must stay."""
    value = float(text)
    if repr(value) != text:
        raise ValueError(f'{text} would be written as {value!r}')
    return value


class OfSentencePiece:
    def __init__(self, path):
        import sentencepiece
        self.peer = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.shift = 1 if self.peer.get_piece_size() == 250000 else 0

    def encode(self, text):
        ids = self.peer.encode(text)
        return [3 if i == 0 else i + 1 for i in ids] if self.shift else ids

    def run(self, text):
        return self.peer.encode(text)


def peer_of(path):
    return (OfSentencePiece if path.endswith('.model') else OfTokenizers)(path)


def ask_ours(dump, path, texts):
    with tempfile.TemporaryFile() as given:
        for text in texts:
            given.write(struct.pack('<I', len(text)) + text)
        given.seek(0)
        raw = subprocess.run([dump, path], stdin=given, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    for _ in texts:
        n, = struct.unpack_from('<I', raw, at)
        numbers = struct.unpack_from(f'<{3 * n}I', raw, at + 4)
        at += 4 + 12 * n
        yield list(zip(numbers[::3], numbers[1::3], numbers[2::3]))


def show_places(text, ours, theirs, shown):
    """A blank that was put before a word is a character of it to the other, and empty to us. Of
    characters that became one, the other counts the first, we all. Where what a text begins with
    is dropped, the other is off by as much from there on: those texts are not compared."""
    if theirs and ours[0][1] > theirs[0][0] or text[:1] < b' ' or text[:1] == b'\x7f':
        return 0
    odd = [(o[0], o[1:], t) for o, t in zip(ours, theirs)
           if not (o[1] == t[0] and (o[2] >= t[1] or o[2] == o[1]))]
    if odd and shown < 10:
        print(f'{text[:120]!r}\n  id, ours, theirs {odd[:6]}')
    return 1 if odd else 0


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument('dump')
    ap.add_argument('tokenizer')
    ap.add_argument('--count', type=int, default=100_000)
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--code-points', action='store_true', help='every code point, in four places')
    ap.add_argument('--places', action='store_true', help='compare offsets too')
    args = ap.parse_args()
    try:
        peer = peer_of(args.tokenizer)
    except ImportError as e:
        print(f'skipped: {e}', file=sys.stderr)
        return 77
    rng = random.Random(args.seed)
    texts = real_lines(os.environ.get('ASSAY_DATA', '../shared/data'), args.count // 2, rng)
    texts += [generated(rng) for _ in range(args.count - len(texts))]
    if args.code_points:
        texts = [form.replace('c', chr(c)).encode() for form in FORMS
                 for c in range(1, 0x110000) if not 0xd800 <= c < 0xe000]
    texts += [b'', ('恶意' * 200_000).encode(), b'x' * 1_000_000, b'GetProcAddress ' * 60_000]
    wrong = 0
    for text, ours in zip(texts, ask_ours(args.dump, args.tokenizer, texts)):
        theirs = peer.encode(text)
        if [t[0] for t in ours] != theirs:
            wrong += 1
            if wrong <= 10:
                print(f'{text[:120]!r}\n  ours   {[t[0] for t in ours][:30]}\n  theirs {theirs[:30]}')
        if args.places and [t[0] for t in ours] == theirs:
            wrong += show_places(text, ours, peer.places(text), wrong)
        assert all(b <= e <= len(text) for _, b, e in ours)
        assert all(x[1] <= y[1] for x, y in zip(ours, ours[1:]))
    print(f'{len(texts)} texts, {wrong} differ')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
