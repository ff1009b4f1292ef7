#!/usr/bin/env python3
"""Compares our vectors with those that ONNX Runtime makes with the same ONNX file.

    tests/oracle/vectors.py ASSAY FOLDER --pooling cls|mean [--precision f32|bf16] [--count N]

FOLDER holds one .onnx file and its tokenizer.json. The texts are lines of real files below
$ASSAY_DATA (default ../shared/data) and Chinese and English prose, of 1 to 510 tokens. Prints
the worst and the median cosine, and the largest difference of a number of a token's row over
some of the texts; exit status 1 below 0.99999 (bf16: 0.999) or, in f32, above 0.001. Needs
`pip install onnxruntime tokenizers numpy`.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import tokens as oracle


def texts_of(count, rng):
    lines = [oracle.per_byte(t).replace('\x00', '') for t in
             oracle.real_lines(os.environ.get('ASSAY_DATA', '../shared/data'), 4 * count, rng)]
    words = ['恶意软件', '写入', '注册表', '启动项', '进程', '注入', '连接', '远程主机', '加密文件', '。', '，',
             'process', 'writes', 'registry', 'key', 'evil.example.com', 'injects', 'CreateRemoteThread', '.']
    while len(lines) < 5 * count:
        lines.append(' '.join(rng.choice(words) for _ in range(rng.randint(1, 260))))
    rng.shuffle(lines)
    return [line for line in (' '.join(x.split()) for x in lines) if line]


def pooled(rows, pooling):
    import numpy as np
    v = rows[0] if pooling == 'cls' else rows.mean(axis=0)
    return v / np.linalg.norm(v)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument('assay')
    ap.add_argument('folder')
    ap.add_argument('--pooling', required=True, choices=('cls', 'mean'))
    ap.add_argument('--precision', default='f32', choices=('f32', 'bf16'))
    ap.add_argument('--count', type=int, default=1000)
    ap.add_argument('--window', type=int, default=512, help='tokens that the model reads at once')
    args = ap.parse_args()
    try:
        import numpy as np
        import onnxruntime as ort
    except ImportError as e:
        print(f'skipped: {e}', file=sys.stderr)
        return 77
    folder = pathlib.Path(args.folder)
    tokenizer = oracle.without_specials(next(folder.glob('*tokenizer.json')))
    bos, eos = (json.loads(next(folder.glob('*tokenizer.json')).read_text(encoding='utf-8'))
                ['model']['vocab'][w] for w in ('[CLS]', '[SEP]'))
    session = ort.InferenceSession(str(next(folder.glob('*.onnx'))), providers=['CPUExecutionProvider'])
    names = {i.name for i in session.get_inputs()}
    texts, rows = [], []
    for text in texts_of(args.count, random.Random(3)):
        ids = [bos, *tokenizer.encode(text, add_special_tokens=False).ids, eos]
        if len(ids) > args.window:
            continue
        ids = np.array([ids], np.int64)
        given = {'input_ids': ids, 'attention_mask': np.ones_like(ids), 'token_type_ids': np.zeros_like(ids)}
        rows.append(session.run(None, {k: v for k, v in given.items() if k in names})[0][0])
        texts.append(text)
        if len(texts) == args.count:
            break
    base = [args.assay, 'embed', '--encoder', args.folder, '--pooling', args.pooling,
            '--precision', args.precision]
    with tempfile.TemporaryDirectory() as scratch:
        npy = pathlib.Path(scratch) / 'v.npy'
        subprocess.run([*base, '--npy', '-o', npy], input='\n'.join(texts).encode(), check=True)
        ours = np.load(npy)
    theirs = np.stack([pooled(r, args.pooling) for r in rows])
    cosines = (ours * theirs).sum(axis=1)
    worst_row = 0.0
    for text, row in list(zip(texts, rows))[:50]:
        done = subprocess.run([*base, '--tokens', text], stdout=subprocess.PIPE, check=True)
        got = np.array([t['vector'] for t in json.loads(done.stdout)['tokens']], np.float32)
        if len(got):
            worst_row = max(worst_row, float(np.abs(got - row[1:-1]).max()))
    lengths = sorted(len(r) for r in rows)
    print(f'{folder.name} {args.precision}: {len(texts)} texts of {lengths[0]} to {lengths[-1]} tokens; '
          f'cosine at worst {cosines.min():.8f}, median {np.median(cosines):.8f}; '
          f'a number of a token off by {worst_row:.2e} at most')
    bad = cosines.min() < (0.99999 if args.precision == 'f32' else 0.999)
    return 1 if bad or (args.precision == 'f32' and worst_row > 1e-3) else 0


if __name__ == '__main__':
    sys.exit(main())
