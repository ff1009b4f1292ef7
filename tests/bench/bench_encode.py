#!/usr/bin/env python3
"""Our text encoder beside ONNX Runtime, on the same files and numbers of threads, in one run.

    tests/bench/bench_encode.py

The models are those of $ASSAY_TEST_MODELS (~/.cache/assay-test-models); the peer is the
package `onnxruntime` of $ASSAY_ORACLE_PYTHON (this Python by default). Prints one JSON
document: medians of both, and how many times as fast we are. Without the package or a model
it says so and measures nothing.
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = pathlib.Path(os.environ.get('ASSAY_BENCH', ROOT / 'build/release/bench')) / 'bench_encode'
PEER = r'''
import json, sys, time
import numpy as np
import onnxruntime as ort
out = []
for threads in (1, 2):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
    names = {i.name for i in session.get_inputs()}
    for tokens in (32, 128, 512):
        for batch in (1, 16):
            ids = (1000 + np.arange(tokens) * 17) % 20000
            ids = np.tile(ids.astype(np.int64), (batch, 1))
            given = {'input_ids': ids, 'attention_mask': np.ones_like(ids),
                     'token_type_ids': np.zeros_like(ids)}
            given = {k: v for k, v in given.items() if k in names}
            runs, times = 9 if tokens * batch >= 4096 else 41, []
            for run in range(runs + 2):
                begun = time.perf_counter()
                session.run(None, given)
                times.append(time.perf_counter() - begun)
            times = sorted(times[2:])
            out.append({'threads': threads, 'tokens': tokens, 'batch': batch,
                        'median_ms': times[len(times) // 2] * 1e3, 'fastest_ms': times[0] * 1e3,
                        'slowest_ms': times[-1] * 1e3})
print(json.dumps({'version': ort.__version__, 'runs': out}))
'''


def main():
    python = os.environ.get('ASSAY_ORACLE_PYTHON', sys.executable)
    if subprocess.run([python, '-c', 'import onnxruntime'], capture_output=True).returncode:
        print('bench_encode.py: the package `onnxruntime` is not there', file=sys.stderr)
        return 0
    ours = json.loads(subprocess.run([BENCH], stdout=subprocess.PIPE, check=True).stdout)
    rows = []
    for model in ours['models']:
        peer = json.loads(subprocess.run([python, '-c', PEER, model['model']],
                                         stdout=subprocess.PIPE, check=True).stdout)
        theirs = {(r['threads'], r['tokens'], r['batch']): r for r in peer['runs']}
        for m in model['measured']:
            for r in m['runs']:
                p = theirs[m['threads'], r['tokens'], r['batch']]
                rows.append({'model': pathlib.Path(model['model']).stem, 'precision': m['precision'],
                             'threads': m['threads'], 'tokens': r['tokens'], 'batch': r['batch'],
                             'median_ms': r['median_ms'],
                             'spread_ms': [r['fastest_ms'], r['slowest_ms']],
                             'onnxruntime_ms': round(p['median_ms'], 3),
                             'times_as_fast': round(p['median_ms'] / r['median_ms'], 2),
                             'share_of_peak': r['share_of_peak']})
        print(f"{model['model']}: onnxruntime {peer['version']}", file=sys.stderr)
    print(json.dumps({'bench': 'encode beside onnxruntime', 'engine': ours['engine'],
                      'rows': rows}, indent=1))
    return 0


if __name__ == '__main__':
    sys.exit(main())
