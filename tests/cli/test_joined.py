#!/usr/bin/env python3
"""Reports of one sample by several tools, described together.

What two tools both saw stands once, with an evidence of each that resolves in that tool's
report; reports of other samples, and reports that only share a name, stay apart.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
MD5 = '098f6bcd4621d373cade4e832627b4f6'

CAPE = {
    'info': {'version': '2.4-CAPE', 'id': 7, 'started': '2026-01-02 03:04:05',
             'ended': '2026-01-02 03:06:05', 'duration': 120},
    'target': {'category': 'file', 'file': {'name': 'invoice.exe', 'md5': MD5, 'sha256': SHA256}},
    'behavior': {
        'processes': [{'process_id': 100, 'process_name': 'invoice.exe', 'parent_id': 4,
                       'first_seen': '2026-01-02 03:04:10,000', 'calls': []}],
        'summary': {'mutexes': ['Global\\once'], 'write_files': ['C:\\Users\\a\\drop.bin']},
    },
    'network': {'domains': [{'domain': 'c2.example.net', 'ip': ''}]},
}
CUCKOO = {
    'info': {'version': '2.0.7', 'id': 3, 'started': 1700000000.5, 'ended': 1700000100.5},
    'target': {'category': 'file', 'file': {'name': 'sample.bin', 'md5': MD5.upper()}},
    'behavior': {
        'processes': [{'pid': 2200, 'ppid': 1, 'process_name': 'invoice.exe', 'first_seen':
                       1700000001.0, 'calls': []}],
        'summary': {'mutex': ['Global\\once', 'Local\\second']},
    },
    'network': {'domains': [{'domain': 'C2.example.net', 'ip': ''}]},
    'signatures': [],
}
CAPA = {
    'meta': {'version': '7.0.1', 'flavor': 'static', 'timestamp': '2026-01-02T00:00:00',
             'argv': [], 'sample': {'md5': MD5, 'sha1': '', 'sha256': SHA256.upper(), 'path': 'x'},
             'analysis': {'format': 'pe', 'arch': 'i386', 'os': 'windows', 'extractor': 'e',
                          'rules': [], 'feature_counts': {'file': 1, 'functions': []},
                          'layout': {'functions': []}, 'library_functions': []}},
    'rules': {'create mutex': {'meta': {'name': 'create mutex', 'scopes': {'static': 'function'}},
                               'matches': [[{'type': 'absolute', 'value': 4096},
                                            {'success': True, 'node': {'type': 'feature',
                                             'feature': {'type': 'api', 'api': 'CreateMutex'}},
                                             'children': [], 'locations': [], 'captures': {}}]]}},
}
STRANGER = {**CAPE, 'target': {'category': 'file', 'file': {'name': 'invoice.exe'}}}


def run(*args):
    done = subprocess.run([BIN, *map(str, args)], capture_output=True, check=False)
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout.decode(), done.stderr.decode()


def sentences(sections):
    return [s for section in sections for s in section['sentences']]


def check_json(paths):
    doc = json.loads(run('analyze', '--full', '--format', 'json', *paths.values())[0])
    assert [a['tool'] for a in doc['analyses']] == ['CAPE', 'Cuckoo', 'capa', 'CAPE'], doc
    assert [a.get('told_in_sample') for a in doc['analyses']] == [0, 0, 0, None]
    assert doc['analyses'][3]['sections'] and not doc['analyses'][0]['sections']
    (sample,) = doc['samples']
    assert sample['analyses'] == [a['id'] for a in doc['analyses'][:3]]
    assert sample['sample']['sha256'] == SHA256 and sample['sample']['md5'] == MD5
    by_prefix = {a['id'][:16]: a['source'] for a in doc['analyses']}
    told = sentences(sample['sections'])
    for value, tools in (('Global\\once', 2), ('Local\\second', 1), ('c2.example.net', 2),
                         ('drop.bin', 1), ('create mutex', 1)):
        about = [s for s in told if value.lower() in
                 (s['text'] + ''.join(i['text'] for i in s.get('items', []))).lower()]
        assert about, value
        ids = {i for s in about for i in s['evidence']}
        assert len({i[:16] for i in ids}) >= tools, (value, about)
    # Said once: not by a sentence for each tool.
    assert sum('c2.example.net' in s['text'].lower() for s in told) == 1, told
    for s in told:
        for i in s['evidence'][:2]:
            out = run('evidence', i, '--in', by_prefix[i[:16]])[0]
            assert f'id: {i}' in out, out
    return doc


def check_opinions(folder):
    """What one tool thinks of the sample is not what all of them think."""
    paths = []
    for name, doc in (('cape', CAPE), ('vt', {'data': {'type': 'file', 'id': SHA256, 'attributes': {
            'sha256': SHA256, 'md5': MD5, 'threat_verdict': 'VERDICT_MALICIOUS',
            'last_analysis_stats': {'malicious': 1}, 'times_submitted': 2, 'names': ['a']}}})):
        paths.append(folder / f'opinion-{name}.json')
        paths[-1].write_text(json.dumps(doc))
    text = run('analyze', *paths)[0]
    assert "VirusTotal's verdict on it is VERDICT_MALICIOUS" in text, text
    assert "CAPE and VirusTotal's verdict" not in text, text


def check_text(paths):
    text = run('analyze', *paths.values())[0]
    assert text.count('reports, joined') == 1
    assert re.search(r'Report A +CAPE', text) and re.search(r'Report C +capa', text)
    assert re.search(r'\[A:[0-9a-f]+-[0-9a-f]+ B:[0-9a-f]+-[0-9a-f]+', text), text
    assert 'PID 100, CAPE' in text and 'PID 2200, Cuckoo' in text, text
    chinese = run('analyze', '--lang', 'zh', '--coverage', *paths.values())[0]
    assert '分析报告汇总' in chinese and 'CAPE 和 Cuckoo' not in chinese.split('\n')[0]
    for kind in ('md', 'html'):
        page = run('analyze', '--format', kind, '--coverage', *paths.values())[0]
        assert 'A:' in page and 'capa' in page


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, doc in (('cape', CAPE), ('cuckoo', CUCKOO), ('capa', CAPA),
                          ('stranger', STRANGER)):
            paths[name] = pathlib.Path(folder) / f'{name}.json'
            paths[name].write_text(json.dumps(doc, indent=1))
        check_json(paths)
        check_text(paths)
        opinions = pathlib.Path(folder) / 'opinions'
        opinions.mkdir()
        check_opinions(opinions)
        out, err = run('analyze', paths['cape'], paths['cape'])
        assert 'told once' in err and out.count('Report ') == 1, (out, err)
        # The order of the files and the folder they are in make no difference to what is told.
        text = run('analyze', '--format', 'json', folder)[0]
        assert len(json.loads(text)['samples'][0]['analyses']) == 5
    return 0


if __name__ == '__main__':
    sys.exit(main())
