#!/usr/bin/env python3
"""Times whole runs of assay over long logs and prints one JSON document; docs/benchmarks.md
explains it.

    ASSAY_BIN=build/release/assay tests/bench/bench_logs.py [--gigabytes N] [--tmp DIR]

The logs are generated: Windows events as JSON lines, and strace. Two thirds of what they say
was said before under other times and numbers, one third is new, so that neither a reader
that keeps everything nor one that keeps what differs gets away with it. Each size is run
once by each command: what counts is how memory and time grow from a tenth to the whole.
The peer is `wc -l`, which reads the same bytes and keeps nothing.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'release' / 'assay'))
BLOCK = 3000  # lines of which the parts that repeat are made once


def event_lines(i):
    new = i % 3 == 0
    name = f'{i * 2654435761 % (1 << 64):016x}' if new else f'{i % 997:03x}'
    second = f'2026-01-{1 + i // 8640000 % 28:02d} {i // 360000 % 24:02d}:{i // 6000 % 60:02d}:' \
             f'{i // 100 % 60:02d}.{i % 1000:03d}'
    return (f'{{"EventID":11,"Channel":"Microsoft-Windows-Sysmon/Operational",'
            f'"ProviderName":"Microsoft-Windows-Sysmon","EventRecordID":{i},"Hostname":"ws1",'
            f'"UtcTime":"{second}","ProcessGuid":"{{{i % 400:08x}-1111-2222-3333-444444444444}}",'
            f'"ProcessId":{1000 + i % 400},"Image":"C:\\\\Program Files\\\\p{i % 400}.exe",'
            f'"TargetFilename":"C:\\\\Users\\\\a\\\\AppData\\\\Local\\\\Temp\\\\{name}.tmp",'
            f'"CreationUtcTime":"{second}","User":"ws1\\\\a","Message":"File created: RuleName - '
            f'ProcessId {1000 + i % 400} Image p{i % 400}.exe"}}\n')


def strace_lines(i):
    name = f'{i * 2654435761 % (1 << 64):016x}' if i % 3 == 0 else f'{i % 997:03x}'
    pid, second = 1000 + i % 40, f'{i // 360000 % 24:02d}:{i // 6000 % 60:02d}:{i // 100 % 60:02d}'
    return (f'{pid}  {second}.{i % 1000000:06d} openat(AT_FDCWD, "/var/lib/x/{name}", '
            f'O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3\n'
            f'{pid}  {second}.{i % 1000000:06d} write(3, "0123456789abcdef"..., 4096) = 4096\n'
            f'{pid}  {second}.{i % 1000000:06d} close(3) = 0\n')


def make(path, line, size):
    i = done = 0
    with open(path, 'w', encoding='ascii') as out:
        while done < size:
            done += out.write(''.join(line(k) for k in range(i, i + BLOCK)))
            i += BLOCK
    return done


def run(command):
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f'{command}: status {status}')
    return {'seconds': round(time.perf_counter() - begin, 2),
            'cpu_seconds': round(usage.ru_utime + usage.ru_stime, 2),
            'peak_rss_bytes': usage.ru_maxrss * 1024}


def main():
    parser = argparse.ArgumentParser(description='Long logs.')
    parser.add_argument('--gigabytes', type=float, default=1.0)
    parser.add_argument('--tmp')
    args = parser.parse_args()
    whole = int(args.gigabytes * 1e9)
    report = {'bench': 'logs', 'logs': []}
    with tempfile.TemporaryDirectory(dir=args.tmp) as folder:
        for name, line in (('json_lines', event_lines), ('strace', strace_lines)):
            for size in (whole // 10, whole):
                log = pathlib.Path(folder) / f'{name}.log'
                pid = os.fork()  # a child begins with the peak of its parent
                if pid == 0:
                    make(log, line, size)
                    os._exit(0)
                os.waitpid(pid, 0)
                report['logs'].append({
                    'log': name, 'bytes': log.stat().st_size,
                    'facts': run([BIN, 'facts', '--quiet', str(log)]),
                    'analyze': run([BIN, 'analyze', '--quiet', '--format', 'json', str(log)]),
                    'wc': run(['wc', '-l', str(log)])})
                log.unlink()
    print(json.dumps(report, indent=2))
    return 0


if __name__ == '__main__':
    sys.exit(main())
