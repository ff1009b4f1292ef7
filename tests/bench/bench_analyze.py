#!/usr/bin/env python3
"""Times whole runs of assay and prints one JSON document; docs/benchmarks.md explains it.

    ASSAY_BIN=build/release/assay tests/bench/bench_analyze.py [--rounds N] [--skip-gigabyte]
                                                               [--tmp DIR]

One core, which the runs inherit. Runs that are compared take turns, so that a slow minute
of the machine falls on both. Peak memory is what wait4() says of the process. This process
stays small, because a child begins with the peak of its parent: whoever builds a report
does so in a child of its own, and what is left is given as rss_floor_bytes, below which no
peak can be told.
"""
import argparse
import datetime
import gzip
import itertools
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'release' / 'assay'))
DATA = pathlib.Path(os.environ.get('ASSAY_DATA', str(ROOT.parent / 'shared' / 'data')))
LARGE = 'f5c93ac768c8206e87544ddd76b3277c.json.gz'
SMALL = '55dcd38773f4104b95589acc87d93bf8b4a264b4a6d823b73fb6a7ab8144c08b.json.gz'
EXAMPLE = ROOT / 'examples' / 'cape-report.json'

LARGE_SIZE = 75_454_010  # what is made of the example where the real report is missing
GIGABYTE = 1 << 30
SMALL_RUNS = 50
CHUNK = 1 << 20

TARGET_RATIO = 3.0
TARGET_RSS = 256 << 20
TARGET_SMALL_MS = 30.0


def real(name):
    folder = DATA / 'reports'
    return next(iter(sorted(folder.rglob(name))), None) if folder.is_dir() else None


def cpu_model():
    for line in pathlib.Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.processor() or 'unknown'


# --- reports ------------------------------------------------------------------------


def in_child(work):
    """Runs `work` in a process of its own, for its memory."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(pid, 0)[1]:
        sys.exit('a report could not be made')


def unpack(source, target):
    with open(source, 'rb') as f:
        packed = f.read(2) == b'\x1f\x8b'
    with (gzip.open if packed else open)(source, 'rb') as f, open(target, 'wb') as out:
        shutil.copyfileobj(f, out, CHUNK)


def told_again(processes):
    """Each process as JSON text, and all of them again and again under new numbers."""
    texts = []
    for process in processes:
        numbers = process.pop('process_id'), process.pop('parent_id')
        texts.append((numbers, ', ' + json.dumps(process)[1:]))
    step = 1 + max(max(numbers) for numbers, _ in texts)
    for turn in itertools.count():
        for (pid, parent), text in texts:
            yield (f'{{"process_id": {pid + turn * step}, "parent_id": {parent + turn * step}'
                   + text)


def grow(source, target, size):
    """`source` with its processes told again until the next would not fit into `size` bytes."""
    with open(source, encoding='utf-8') as f:
        report = json.load(f)
    behavior = report.pop('behavior')
    processes = told_again(behavior.pop('processes'))
    head = json.dumps(report)[:-1] + ', "behavior": {"processes": [' + next(processes)
    tail = '], ' + json.dumps(behavior)[1:] + '}'
    with open(target, 'w', encoding='utf-8') as out:
        at = out.write(head)
        for text in processes:
            if at + len(text) + len(tail) + 2 > size:
                break
            at += out.write(', ' + text)
        out.write(tail)


# --- runs ---------------------------------------------------------------------------


def once(command, stdin=None, bytes_out=None):
    """Seconds and peak bytes of one run; its output goes to a file or nowhere."""
    with open(stdin or os.devnull, 'rb') as given, \
            open(bytes_out or os.devnull, 'wb') as out:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f'{" ".join(map(str, command))}: status {process.returncode}')
    return seconds, usage.ru_maxrss * 1024


def rounds(runs, count):
    """{name: figures} of `count` rounds in which each of {name: arguments of once()} takes a turn."""
    times, peaks = {name: [] for name in runs}, {name: 0 for name in runs}
    for turn in range(count + 1):
        for name, arguments in runs.items():
            seconds, peak = once(**arguments)
            if turn > 0:  # the first fills the page cache
                times[name].append(seconds)
                peaks[name] = max(peaks[name], peak)
    return {name: {'runs': count,
                   'seconds': {'median': round(statistics.median(t), 5),
                               'min': round(min(t), 5), 'max': round(max(t), 5)},
                   'peak_rss_bytes': peaks[name]} for name, t in times.items()}


def analyze(path, *options):
    return {'command': [BIN, 'analyze', '-q', '--lang', 'en', '--format', 'json', *options,
                        str(path)]}


def speed(figures, size):
    figures['bytes'] = size
    figures['mb_per_second'] = round(size / 1e6 / figures['seconds']['median'], 1)


def add_verify(runs, path):
    """The plain parse of the same bytes, where yajl-tools is installed."""
    verify = shutil.which('json_verify')
    if verify:
        runs['json_verify'] = {'command': [verify, '-q'], 'stdin': str(path)}


# --- the benchmarks -----------------------------------------------------------------


def bench_large(plain, packed, count):
    runs = {'analyze': analyze(plain), 'analyze_gzip': analyze(packed),
            'analyze_zh_full_text': {'command': [BIN, 'analyze', '-q', '--lang', 'zh', '--full',
                                                 '--format', 'text', str(plain)]},
            'facts': {'command': [BIN, 'facts', '-q', str(plain)]},
            'gzip_alone': {'command': ['gzip', '-dc', str(packed)]}}
    add_verify(runs, plain)
    found = rounds(runs, count)
    for figures in found.values():
        speed(figures, plain.stat().st_size)
    found['packed_bytes'] = packed.stat().st_size
    ratio = None
    if 'json_verify' in runs:
        ratio = round(found['analyze']['seconds']['median'] /
                      found['json_verify']['seconds']['median'], 3)
    peak = found['analyze']['peak_rss_bytes']
    found['ratio_to_json_verify'] = {'value': ratio, 'target': TARGET_RATIO,
                                     'met': None if ratio is None else ratio <= TARGET_RATIO}
    found['peak_rss'] = {'value': peak, 'target': TARGET_RSS, 'met': peak <= TARGET_RSS}
    return found


def bench_gigabyte(source, folder):
    path = folder / 'gigabyte.json'
    in_child(lambda: grow(source, path, GIGABYTE))
    runs = {'analyze': analyze(path)}
    add_verify(runs, path)
    found = rounds(runs, 3)
    for figures in found.values():
        speed(figures, path.stat().st_size)
    path.unlink()
    peak = found['analyze']['peak_rss_bytes']
    found['peak_rss'] = {'value': peak, 'target': TARGET_RSS, 'met': peak <= TARGET_RSS}
    return found


def bench_small(path):
    found = rounds({'analyze': analyze(path),
                    'analyze_text': {'command': [BIN, 'analyze', '-q', str(path)]},
                    'version': {'command': [BIN, '--version']}}, SMALL_RUNS)
    for figures in found.values():
        figures['median_ms'] = round(figures['seconds']['median'] * 1000, 3)
    found['bytes'] = path.stat().st_size
    value = found['analyze']['median_ms']
    found['whole_process_ms'] = {'value': value, 'target': TARGET_SMALL_MS,
                                 'met': value <= TARGET_SMALL_MS}
    return found


def bench(options, folder):
    large, small = real(LARGE), real(SMALL)
    plain, packed, little = (folder / name for name in ('large.json', 'large.json.gz',
                                                        'small.json'))
    if large:
        in_child(lambda: unpack(large, plain))
    else:
        in_child(lambda: grow(EXAMPLE, plain, LARGE_SIZE))
    with open(packed, 'wb') as out:
        subprocess.run(['gzip', '-6c', str(plain)], stdout=out, check=True)
    unpack(small or EXAMPLE, little)
    version = subprocess.run([BIN, '--version'], capture_output=True, check=True, text=True)
    document = {
        'bench': 'analyze',
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d'),
        'program': version.stdout.strip(),
        'machine': {'cpu': cpu_model(), 'cores': os.cpu_count(), 'pinned_to': options.core,
                    'rss_floor_bytes': once(['true'])[1],
                    'system': f'{platform.system()} {platform.release()} {platform.machine()}'},
        'reports': {'large': large.name if large else f'{EXAMPLE.name}, grown',
                    'small': small.name if small else EXAMPLE.name},
        'large': bench_large(plain, packed, options.rounds),
        'small': bench_small(little),
    }
    if not options.skip_gigabyte:
        document['gigabyte'] = bench_gigabyte(plain, folder)
    return document


def main():
    parser = argparse.ArgumentParser(description='Times whole runs of assay.')
    parser.add_argument('--rounds', type=int, default=9, help='rounds, at least 7')
    parser.add_argument('--tmp', help='folder for the reports; wants 1.3 GB')
    parser.add_argument('--skip-gigabyte', action='store_true')
    options = parser.parse_args()
    options.rounds = max(7, options.rounds)
    options.core = max(os.sched_getaffinity(0))
    if not shutil.which(BIN):
        sys.exit(f"no program '{BIN}': name one in ASSAY_BIN, or build it with 'make release'")
    os.sched_setaffinity(0, {options.core})
    with tempfile.TemporaryDirectory(prefix='assay-bench-', dir=options.tmp) as folder:
        json.dump(bench(options, pathlib.Path(folder)), sys.stdout, indent=2)
    print()


if __name__ == '__main__':
    main()
