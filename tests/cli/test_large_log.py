#!/usr/bin/env python3
"""A log of more facts than are held at once.

Each event is one line of `assay facts`, in order, with its own range and the hash of the
whole log; an id of the first and of the last portion is found again; a line that is none is
named; a description holds in bounded memory what a log says again and again.
"""
import hashlib
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
EVENTS = 300_000
BAD = 77_777
# Of address space, 45 of it libraries; all facts together take more. A sanitizer takes terabytes.
MEMORY_MB = None if 'san' in BIN else 215


def event(i):
    return json.dumps({
        'EventID': 11, 'Channel': 'Microsoft-Windows-Sysmon/Operational',
        'ProviderName': 'Microsoft-Windows-Sysmon', 'EventRecordID': i,
        'ProcessGuid': f'{{{i % 500:08x}}}', 'ProcessId': 1000 + i % 500,
        'Image': f'C:\\p{i % 500}.exe',
        'TargetFilename': f'C:\\out\\{hashlib.md5(str(i).encode()).hexdigest() * 12}.bin',
    }, separators=(',', ':')).encode() + b'\n'


def limit():
    if MEMORY_MB:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB << 20, MEMORY_MB << 20))


def run(*args, preexec=None):
    return subprocess.run([BIN, args[0], '--quiet', *args[1:]], capture_output=True, check=False, preexec_fn=preexec)


def main():
    lines = [b'{"EventID":\n' if i == BAD else event(i) for i in range(EVENTS)]
    whole = b''.join(lines)
    prefix = hashlib.sha256(whole).hexdigest()[:16]
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / 'log.json'
        log.write_bytes(whole)

        done = run('facts', str(log), preexec=limit)
        assert done.returncode == 0, done.stderr
        assert f'line {BAD + 1} passed over'.encode() in done.stderr, done.stderr
        assert done.stderr.count(b'\n') == 1, done.stderr
        facts = [json.loads(line) for line in done.stdout.splitlines()]
        written = [f for f in facts if f['kind'] == 'file_created']
        assert len(written) == EVENTS - 1, len(written)
        assert len(facts) - len(written) < 2000, len(facts)
        good = [i for i in range(EVENTS) if i != BAD]
        at = [0]
        for line in lines:
            at.append(at[-1] + len(line))
        for i, fact in zip(good, written):
            e = fact['evidence']
            assert fact['attrs']['record'] == i, (i, fact)
            assert e['pointer'] == f'#{i + 1}', (i, fact)
            assert (e['begin'], e['end']) == (at[i], at[i + 1] - 1), (i, fact)
            assert e['id'] == f"{prefix}-{e['begin']:x}-{e['end'] - e['begin']:x}", fact
        for i in (0, len(written) - 1):
            found = run('evidence', written[i]['evidence']['id'], '--in', str(log),
                        preexec=limit)
            assert found.returncode == 0, found.stderr
            assert lines[good[i]].rstrip() in found.stdout, found.stdout

        for args in (('analyze', '--format', 'json'), ('analyze', '--format', 'md', '--lang', 'zh')):
            done = run(*args, str(log))
            assert done.returncode == 0, done.stderr
        print(f'{len(whole) >> 20} MiB of log, {len(facts)} facts')
    return 0


if __name__ == '__main__':
    sys.exit(main())
