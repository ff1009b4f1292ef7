#!/usr/bin/env python3
"""Our tokenizers against the packages `tokenizers` and `sentencepiece`: MB/s on one thread.

    tests/bench/bench_tokens.py BENCH TOKENIZER... [--mb N] [--rounds N]

BENCH is build/bench/bench_tokens. Texts are real: lines of reports and scripts below $ASSAY_DATA,
of an English and of a Japanese novel from its tokenizers, and Chinese lines of all of them. Each
text is encoded after the other, by us and by the peer in turn on the same lines. Prints one JSON
document per tokenizer and text. Needs `pip install tokenizers sentencepiece`.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

os.environ['TOKENIZERS_PARALLELISM'] = 'false'
os.environ['RAYON_NUM_THREADS'] = '1'
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'oracle'))
import tokens as oracle  # noqa: E402


def novels(data):
    with tarfile.open(data / 'tokenizers/sentencepiece.tar.xz') as tar:
        for name, file in (('english', 'botchan.txt'), ('japanese', 'wagahaiwa_nekodearu.txt')):
            yield name, tar.extractfile(f'sentencepiece/data/{file}').read().splitlines()


def chinese(lines):
    def share(line):
        text = line.decode(errors='replace')
        return sum('\u4e00' <= c <= '\u9fff' for c in text) / (len(text) or 1)
    return [line for line in lines if share(line) > 0.3]


def make_texts(data, size):
    lines = oracle.real_lines(data, 10_000_000, random.Random(1))
    sets = {'reports': lines, **dict(novels(data)), 'chinese': chinese(lines)}
    for name, found in sets.items():
        taken = []
        left = size
        for line in found:
            line = oracle.per_byte(line).encode()
            if left <= 0:
                break
            taken.append(line)
            left -= len(line) + 1
        if taken:
            yield name, taken


def measure_peer(path, texts, rounds):
    """A new peer a round: it remembers words, and of a text read twice it would remember all."""
    texts = [t.decode() for t in texts]
    size = sum(len(t.encode()) + 1 for t in texts) / 1e6
    took = []
    for _ in range(rounds):
        peer = oracle.peer_of(path)
        peer.run('warm')
        start = time.process_time()
        for text in texts:
            peer.run(text)
        took.append(time.process_time() - start)
    return type(peer).__name__, [size / t for t in took]


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument('bench')
    ap.add_argument('tokenizers', nargs='+')
    ap.add_argument('--mb', type=float, default=2)
    ap.add_argument('--rounds', type=int, default=5)
    args = ap.parse_args()
    data = pathlib.Path(os.environ.get('ASSAY_DATA', '../shared/data'))
    sets = list(make_texts(data, args.mb * 1e6))
    for path in args.tokenizers:
        try:
            oracle.peer_of(path)
        except ImportError as e:
            print(f'skipped: {e}', file=sys.stderr)
            return 77
        for name, texts in sets:
            with tempfile.NamedTemporaryFile() as f:
                f.write(b'\n'.join(texts) + b'\n')
                f.flush()
                ours = json.loads(subprocess.run([args.bench, path, f.name], check=True,
                                                 stdout=subprocess.PIPE).stdout)
            kind, theirs = measure_peer(path, texts, args.rounds)
            median = statistics.median(theirs)
            print(json.dumps({'tokenizer': pathlib.Path(path).name, 'text': name, **ours,
                              'peer': kind, 'peer_mb_per_s':
                              {'median': round(median, 2), 'slowest': round(min(theirs), 2),
                               'fastest': round(max(theirs), 2)},
                              'times': round(ours['mb_per_s']['median'] / median, 1)}), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
