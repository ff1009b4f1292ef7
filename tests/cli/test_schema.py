#!/usr/bin/env python3
"""What `assay analyze --format json`, `assay facts` and `assay ask --json` print keeps to
docs/schema/.

Runs the program named by $ASSAY_BIN on the example report and on small reports written
here. Beyond the schemas: an evidence's bytes are the value that its pointer names, every
id belongs to the report, and counts agree.
"""
import copy
import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print('skipped: python3-jsonschema is not installed')
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ASSAY = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))

HOSTILE = '\x1b[31m<script>\u202e`*_|](http://e.invalid)"\'\x00z\r\n\u9edb'

CAPE = {
    'info': {'id': 7, 'version': '2.4-CAPE', 'started': '2024-05-01 10:00:00',
             'ended': '2024-05-01 10:04:00', 'duration': 240, 'machine': {'name': HOSTILE}},
    'target': {'category': 'file', 'file': {
        'name': HOSTILE, 'path': '/x', 'size': 4096, 'md5': 'a' * 32, 'sha1': 'b' * 40,
        'sha256': 'c' * 64, 'type': 'PE32 executable'}},
    'CAPE': {'payloads': [], 'configs': []},
    'behavior': {'processes': [], 'summary': {'mutexes': [HOSTILE, 'Global\\a'],
                                              'write_files': ['C:\\~x\\%d' % i for i in range(40)]}},
    'signatures': [{'name': 's', 'description': HOSTILE, 'severity': 3, 'data': []}],
    'unheard_of/~key': {HOSTILE: [1, 2, {'x': None}]},
}
CUCKOO = {
    'info': {'id': 1, 'version': '2.0.7', 'started': 1483610523.5, 'ended': 1483610600.0},
    'target': {'category': 'url', 'url': 'http://e.invalid/' + HOSTILE},
    'behavior': {'generic': [], 'processes': [], 'processtree': []},
    'debug': {'errors': [HOSTILE]},
}

faults = []


def check(good, text):
    if not good:
        faults.append(text)


def schema(name):
    with open(ROOT / 'docs' / 'schema' / name, encoding='utf-8') as f:
        loaded = json.load(f)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


ANALYZE = schema('analyze.schema.json')
FACT = schema('fact.schema.json')
ASK = schema('ask.schema.json')


def run(*args):
    done = subprocess.run([ASSAY, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    check(done.returncode == 0, f'{args}: status {done.returncode}: {done.stderr.decode()}')
    return done.stdout


def validate(validator, value, what):
    for error in list(validator.iter_errors(value))[:5]:
        faults.append(f'{what}: {error.json_path}: {error.message[:200]}')


def unpacked(path):
    raw = path.read_bytes()
    return gzip.decompress(raw) if raw[:2] == b'\x1f\x8b' else raw


def resolve(value, pointer):
    for step in pointer.split('/')[1:]:
        step = step.replace('~1', '/').replace('~0', '~')
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def check_id(name, raw, digest):
    prefix, begin, length = name.split('-')
    check(prefix == digest[:16], f'{name}: of another report')
    check(int(begin, 16) + int(length, 16) <= len(raw), f'{name}: outside the report')
    return int(begin, 16), int(begin, 16) + int(length, 16)


def check_document(document, paths, what):
    validate(ANALYZE, document, what)
    check(len(document['analyses']) == len(paths), f'{what}: not every report is there')
    for analysis, path in zip(document['analyses'], paths):
        raw = unpacked(path)
        digest = hashlib.sha256(raw).hexdigest()
        facts, coverage = analysis['facts'], analysis['coverage']
        check(analysis['id'] == digest, f'{what}: id is not the digest')
        check(coverage['total_bytes'] == len(raw), f'{what}: total_bytes')
        check(coverage['mapped_bytes'] + sum(row['bytes'] for row in coverage['unmapped'])
              == len(raw), f'{what}: coverage does not add up')
        check(sum(facts['by_kind'].values()) == facts['count'], f'{what}: facts do not add up')
        for section in analysis['sections']:
            for sentence in section['sentences']:
                ids = sentence['evidence'] + [i for item in sentence.get('items', [])
                                              for i in item['evidence']]
                for name in ids:
                    check_id(name, raw, digest)


def check_facts(lines, path, what):
    raw = unpacked(path)
    digest = hashlib.sha256(raw).hexdigest()
    whole = json.loads(raw)
    for line in lines:
        check(all(c >= ' ' and c != '\x7f' for c in line), f'{what}: control character: {line!r}')
        fact = json.loads(line)
        validate(FACT, fact, what)
        for e in [fact['evidence'], *fact.get('also', [])]:
            span = check_id(e['id'], raw, digest)
            check(span == (e['begin'], e['end']), f"{what}: {e['id']}: range")
            check(json.loads(raw[e['begin']:e['end']]) == resolve(whole, e['pointer']),
                  f"{what}: {e['id']}: not what {e['pointer']} names")
    return len(lines)


def check_report(path):
    what = path.name
    for options in ([], ['--full'], ['--lang', 'zh'], ['--full', '--lang', 'zh', '--coverage']):
        document = json.loads(run('analyze', '--format', 'json', *options, path))
        check_document(document, [path], f'{what} {options}')
        items = [s for a in document['analyses'] for sec in a['sections']
                 for s in sec['sentences'] if 'items' in s]
        check(bool(items) <= ('--full' in options), f'{what} {options}: items')
        check(document['lang'] == ('zh' if 'zh' in options else document['lang']), f'{what}: lang')
    lines = run('facts', path).decode().split('\n')
    check(lines.pop() == '', f'{what}: the last line has no end')
    check(check_facts(lines, path, what) == document['analyses'][0]['facts']['count'],
          f'{what}: facts and analyze disagree')
    return document


def check_ask(paths):
    """Answers of all kinds: a list, yes or no, a number, none, a question back, extracts."""
    with tempfile.TemporaryDirectory() as home:
        run('add', '--store', home, *paths)
        digest = hashlib.sha256(unpacked(paths[0])).hexdigest()
        sample = json.loads(unpacked(paths[0]))['target']['file']['md5']
        for options in ([], ['--lang', 'zh'], ['--trace']):
            kinds = []
            for question in ('which mutexes?', 'did it drop files?', 'how many files were written?',
                             'which ransom notes?', 'why is the quick brown fox %s' % HOSTILE[:8],
                             'which samples have mutexes?', '时间线'):
                answer = json.loads(run('ask', '--json', *options, '--store', home, '-s', sample,
                                        question))
                validate(ASK, answer, f'ask {options} {question}')
                kinds.append((answer['answerable'], answer['truth'], answer['count']))
                if 'samples' not in question:
                    for citation in answer['citations']:
                        check_id(citation['evidence'], unpacked(paths[0]), digest)
            check(len(set(kinds)) > 3, f'ask: all answers are of one kind: {kinds}')
            validate(ASK, json.loads(run('ask', '--json', *options, '--store', home,
                                         'which mutexes?')), 'ask')
    for spoil in (lambda a: a.pop('citations'), lambda a: a.update(truth='yes'),
                  lambda a: a.update(count=-1), lambda a: a['slots'].append({'name': 'x'}),
                  lambda a: a.update(more=1), lambda a: a['items'].append({'value': 'x'})):
        spoiled = copy.deepcopy(answer)
        spoil(spoiled)
        check(not ASK.is_valid(spoiled), 'the schema of ask accepts a spoiled answer')


def check_schemas_refuse(document):
    """A schema that takes everything would make this test worthless."""
    for spoil in (lambda d: d.pop('schema'),
                  lambda d: d['analyses'][0].update(id='X' * 64),
                  lambda d: d['analyses'][0]['sections'][0]['sentences'][0].update(evidence=[]),
                  lambda d: d['analyses'][0]['sections'][0].update(name='nowhere'),
                  lambda d: d['analyses'][0]['sample'].update(size='4096'),
                  lambda d: d['analyses'][0].update(partial=True, gaps=[])):
        spoiled = copy.deepcopy(document)
        spoil(spoiled)
        check(not ANALYZE.is_valid(spoiled), 'the schema of analyze accepts a spoiled document')
    check(not FACT.is_valid({'kind': 'mutex', 'attrs': {}, 'evidence': {}}),
          'the schema of facts accepts a fact without evidence')


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = [ROOT / 'examples' / 'cape-report.json']
        for name, report in (('cape.json', CAPE), ('cuckoo.json', CUCKOO)):
            paths.append(pathlib.Path(folder) / name)
            paths[-1].write_text(json.dumps(report), encoding='utf-8')
        paths.append(pathlib.Path(folder) / 'cape.json.gz')
        paths[-1].write_bytes(gzip.compress(json.dumps(CAPE).encode()))
        documents = [check_report(path) for path in paths]
        check_schemas_refuse(documents[0])
        # The last is the same report as one before it, and told once.
        check_document(json.loads(run('analyze', '--format', 'json', *paths)), paths[:3], 'all')
        check_ask([*paths[:2], ROOT / 'examples' / 'cuckoo-report.json'])
        broken = documents[2]['analyses'][0]
        check(broken['partial'] and 'tool_errors' in broken['gaps'], 'errors make no partial run')
    for line in faults[:40]:
        print(line)
    print(f'{len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
