#!/usr/bin/env python3
"""`assay search` over a store of the examples, and of real reports where there are any.

What is found holds what was asked for, its evidence is bytes of the report, filters hold,
the JSON keeps to its schema, and nothing hostile reaches the terminal as it is.
"""
import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ASSAY = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
DATA = pathlib.Path(os.environ.get('ASSAY_DATA', ROOT / '..' / 'shared' / 'data'))

HOSTILE = '\x1b[31m ZZneedleZZ\u202e"\'`*_|](http://e.invalid)'
faults = []


def check(good, text):
    if not good:
        faults.append(text)


def run(*args, home, status=0):
    got = subprocess.run([ASSAY, *args], capture_output=True, timeout=120,
                         env={**os.environ, 'ASSAY_HOME': home, 'LANG': 'C'})
    check(got.returncode == status,
          f'{args}: status {got.returncode}, not {status}: {got.stderr.decode()[-300:]}')
    return got.stdout.decode('utf-8', 'strict')


def search(*args, home, status=0):
    doc = json.loads(run('search', '--json', '--trace', *args, home=home, status=status))
    if jsonschema:
        with open(ROOT / 'docs' / 'schema' / 'search.schema.json', encoding='utf-8') as f:
            for error in jsonschema.Draft202012Validator(json.load(f)).iter_errors(doc):
                check(False, f'{args}: {error.json_path}: {error.message[:200]}')
    for p in doc['passages']:
        text = p['text'].encode()
        for begin, end in p['marks'] + [p['snippet']]:
            check(begin <= end <= len(text), f'{args}: a range beyond the text')
            text[begin:end].decode('utf-8', 'strict')
        score = sum({'exact': 3, 'bm25': 1, 'dense': 1, 'child': 0.7}[r] / (60 + h['rank'])
                    for r, h in p['routes'].items())
        check(abs(score - p['score']) < 1e-5, f'{args}: score {p["score"]}, not {score}')
    return doc


def marked(passage):
    text = passage['text'].encode()
    return [text[b:e].decode() for b, e in passage['marks']]


def values(home):
    """What stands in the examples is found, in the first passage."""
    for question, value in [
            ('upd7731.ps1', 'upd7731.ps1'),
            ('203.0.113.61', '203.0.113.61'),
            ('203[.]0[.]113[.]61', '203.0.113.61'),
            ('hxxp://203.0.113.61/gate', 'http://203.0.113.61/gate'),
            ('T1086', 'T1086'),
            ('f48218515f782394ebc03c018a58ced575112f6413e12bb1badea84435180748', 'f48218515f7823'),
            ('f48218515f', 'f48218515f7823'),
            ('which process wrote C:\\ProgramData\\Cache\\renew.vbs?', 'renew.vbs'),
            ('谁写入了 C:\\ProgramData\\Cache\\renew.vbs？', 'renew.vbs'),
            ('was persistence_autorun matched', 'persistence_autorun'),
            ('NightFerry', 'NightFerry')]:
        doc = search(question, home=home)
        check(doc['passages'] and value.lower() in doc['passages'][0]['text'].lower(),
              f'{question}: the first passage does not hold {value}')
        check(doc['passages'][0]['marks'], f'{question}: nothing is marked')
        check(doc['trace']['exact']['ran'] and 'exact' in doc['passages'][0]['routes'],
              f'{question}: not found by the exact route')


def words(home):
    doc = search('mutex', home=home)
    check('bm25' in doc['passages'][0]['routes'], 'mutex: not by words')
    check(not doc['trace']['dense']['ran'] and 'no text encoder' in doc['trace']['dense']['note'],
          'the trace does not say that there is no encoder')
    check(doc['tier'] == 'none', 'the tier is not told')
    zh = search('互斥体', home=home)
    check(zh['passages'][0]['lang'] == 'zh' and '互斥体' in marked(zh['passages'][0]),
          '互斥体: not marked in Chinese text')
    both = search('NightFerry', home=home)['passages']
    seen = [tuple(p['evidence']) + (p['section'],) for p in both if p['lang']]
    check(len(seen) == len(set(seen)), 'the same passage comes in both languages')


def evidence(home, reports):
    """The ids are of a report, and 'assay evidence' shows its bytes."""
    doc = search('203.0.113.61', home=home)
    for passage in doc['passages']:
        first = passage['evidence'][:passage['evidence_of_values']]
        check(first, 'no evidence comes first for the value')
        for ident in first[:2]:
            check(b'203.0.113.61' in run('evidence', '--raw', ident, home=home).encode(),
                  f'{ident} comes first and does not hold the value')
    for ident in doc['passages'][0]['evidence'][:5]:
        begin, length = (int(x, 16) for x in ident.split('-')[1:])
        raw = run('evidence', '--raw', ident, home=home)
        check(any(r[begin:begin + length] == raw.encode() for r in reports),
              f'{ident} is not the bytes of a report')


def filters(home):
    everything = search('file', '--limit', '50', home=home)['passages']
    check(len({p['tool'] for p in everything}) > 1, 'only one tool was searched')
    for p in search('file', '--tool', 'cuckoo', home=home)['passages']:
        check(p['tool'] == 'Cuckoo', '--tool is not heeded')
    for p in search('file', '--section', 'files', '--limit', '50', home=home)['passages']:
        check(p['section'] == 'files', '--section is not heeded')
    for p in search('file', '--lang', 'zh', '--limit', '50', home=home)['passages']:
        check(p['lang'] in ('zh', None), '--lang is not heeded')
    one = search('file', '--sample', 'Order_7731.exe', '--limit', '50', home=home)['passages']
    check(len({p['sample'] for p in one}) == 1 and 'Order_7731' in one[0]['context'],
          '--sample is not heeded')
    check(search('file', '--since', '1d', home=home)['passages'], '--since lost what is new')
    search('file', '--since', '2999-01-01', home=home, status=1)
    doc = search('xyzzyplugh', home=home, status=1)
    check(doc['passages'] == [] and 'passages' in doc['searched'], 'no scope is told')
    line = run('search', 'xyzzyplugh', home=home, status=1)
    check(line.startswith("nothing found for 'xyzzyplugh' in ") and line.count('\n') == 1,
          f'not one plain line: {line!r}')


def usage(home):
    run('search', home=home, status=2)
    run('search', 'x', '--limit', '0', home=home, status=2)
    run('search', 'x', '--section', 'nowhere', home=home, status=2)
    run('search', 'x', '--since', 'whenever', home=home, status=2)
    run('search', 'x', '--sample', 'nobody', home=home, status=1)
    for hostile in ['"', '" OR "', 'NEAR(a b)', 'body:x*', '-file', "';--", '\x01\x1b[2J', '((', '^a']:
        got = subprocess.run([ASSAY, 'search', '--', hostile], capture_output=True, timeout=60,
                             env={**os.environ, 'ASSAY_HOME': home})
        check(got.returncode in (0, 1), f'{hostile!r}: status {got.returncode}')
        check(b'\x1b' not in got.stdout, f'{hostile!r}: an escape reaches the output')


def hostile_text(folder):
    home = os.path.join(folder, 'hostile')
    report = {'info': {'id': 7, 'version': '2.4-CAPE', 'started': '2024-05-01 10:00:00'},
              'target': {'category': 'file', 'file': {'name': HOSTILE, 'sha256': 'c' * 64}},
              'behavior': {'processes': [], 'summary': {'mutexes': [HOSTILE, 'a\nb\x00c']}},
              'signatures': []}
    path = os.path.join(folder, 'hostile.json')
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(report, f)
    run('add', '-q', path, home=home)
    plain = run('search', 'ZZneedleZZ', home=home)
    check('ZZneedleZZ' in plain and '\x1b' not in plain and '\u202e' not in plain,
          'hidden characters reach the terminal')
    colour = run('search', '--color', 'always', 'ZZneedleZZ', home=home)
    check('\x1b[1;33mZZneedleZZ\x1b[0m' in colour,
          'the word is not coloured')
    check('\x1b[31m' not in colour, "the sample's own colour reaches the terminal")
    doc = search('ZZneedleZZ', home=home)
    check(all(p['words_of'] == 'sample' for p in doc['passages']), 'not called the sample\'s words')


def real(folder):
    """Each of a few values of every real report is found in a passage of that report."""
    paths = sorted(glob.glob(str(DATA / 'reports' / 'sandboxllm' / '*.json')))
    if not paths:
        print('note: no real reports are there')
        return
    home = os.path.join(folder, 'real')
    run('add', '-q', *paths, home=home)
    for path in paths:
        with open(path, encoding='utf-8') as f:
            report = json.load(f)
        digest = report['target']['file']['sha256']
        summary = report.get('behavior', {}).get('summary', {})
        asked = [d['domain'] for d in report.get('network', {}).get('domains', [])[:5]]
        for key in ('file_created', 'mutex', 'regkey_written', 'dll_loaded'):
            asked += [v for v in summary.get(key, []) if len(v) > 3][-3:]
        for value in asked:
            doc = search(f'"{value}"', '--sample', digest, home=home)
            check(any(value.lower() in p['text'].replace('\n  … ', '').lower()
                      for p in doc['passages']), f'{path}: {value!r} is not found')


def main():
    reports = [(ROOT / 'examples' / n).read_bytes() for n in ('cape-report.json',
                                                             'cuckoo-report.json')]
    with tempfile.TemporaryDirectory() as folder:
        home = os.path.join(folder, 'store')
        run('search', 'x', home=home, status=1)
        run('add', '-q', str(ROOT / 'examples'), home=home)
        values(home)
        words(home)
        evidence(home, reports)
        filters(home)
        usage(home)
        hostile_text(folder)
        real(folder)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
