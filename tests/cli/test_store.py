#!/usr/bin/env python3
"""Drives the store as a user would: reports are added, listed, shown, removed, carried from
one store to another, and every evidence is the same from the store as from the file."""
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
EXAMPLE = ROOT / 'examples' / 'cape-report.json'
SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
MD5 = '098f6bcd4621d373cade4e832627b4f6'
HOSTILE = 'a\x1b[31m\u202egpj.exe<script>'

CAPE = {
    'info': {'version': '2.4-CAPE', 'id': 7, 'started': '2026-01-02 03:04:05',
             'ended': '2026-01-02 03:06:05', 'duration': 120},
    'target': {'category': 'file', 'file': {'name': 'invoice.exe', 'md5': MD5, 'sha256': SHA256,
                                            'size': 4096}},
    'behavior': {
        'processes': [{'process_id': 100, 'process_name': 'invoice.exe', 'parent_id': 4,
                       'first_seen': '2026-01-02 03:04:10,000', 'calls': []}],
        'summary': {'mutexes': ['Global\\once', '\u6076\u610f'],
                    'write_files': ['C:\\Users\\a\\drop.bin']},
    },
    'network': {'domains': [{'domain': 'c2.example.net', 'ip': ''}]},
}
CUCKOO = {
    'info': {'version': '2.0.7', 'id': 3, 'started': 1700000000.5, 'ended': 1700000100.5},
    'target': {'category': 'file', 'file': {'name': 'sample.bin', 'md5': MD5.upper()}},
    'behavior': {'processes': [{'pid': 2200, 'ppid': 1, 'process_name': 'invoice.exe',
                                'first_seen': 1700000001.0, 'calls': []}],
                 'summary': {'mutex': ['Global\\once', 'Local\\second']}},
    'network': {'domains': []}, 'signatures': [],
}
# Another sample of the same name.
OTHER = {**CAPE, 'target': {'category': 'file', 'file': {
    'name': 'invoice.exe', 'md5': 'b' * 32, 'sha256': 'abcdef' + '0' * 58}}}
EVENTS = ''.join(json.dumps(
    {'@timestamp': '2020-10-29T12:16:13.188Z', 'EventID': 1, 'Channel': 'Security',
     'Hostname': 'pc', 'SourceName': 'Microsoft-Windows-Sysmon',
     'Image': f'C:\\a{i}.exe', 'ProcessGuid': '{%d}' % i, 'ProcessId': str(100 + i),
     'CommandLine': 'a', 'EventTime': '2020-10-29 04:16:13',
     'UtcTime': '2020-10-29 04:16:13.100'}) + '\n' for i in range(5))


def validator(name):
    if not jsonschema:
        return None
    with open(ROOT / 'docs' / 'schema' / f'{name}.schema.json', encoding='utf-8') as f:
        loaded = json.load(f)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='assay-store-'))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.home = self.dir / 'home'

    def run_assay(self, *args, home=None, status=0, stdin=None):
        env = dict(os.environ, LC_ALL='C.UTF-8', TERM='dumb', ASSAY_HOME=str(home or self.home))
        env.pop('XDG_DATA_HOME', None)
        done = subprocess.run([BIN, *map(str, args)], capture_output=True, env=env, check=False,
                              input=stdin if stdin is not None else b'', timeout=120)
        if status is not None:
            self.assertEqual(done.returncode, status, (args, done.stderr.decode()))
        return done.stdout.decode(), done.stderr.decode()

    def out(self, *args, **options):
        return self.run_assay(*args, **options)[0]

    def write(self, name, content):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content, ensure_ascii=False)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def lines(self, *args, **options):
        """What `add --json` says: the documents, and the sum."""
        found = [json.loads(line) for line in
                 self.out('add', '--json', *args, **options).splitlines()]
        for line in found:
            self.valid('added', line)
        self.assertEqual([f['state'] == 'summary' for f in found],
                         [False] * (len(found) - 1) + [True])
        return found[:-1], found[-1]

    def samples(self, *args, status=0, **options):
        found = json.loads(self.out('samples', '--json', *args, status=status, **options))
        self.valid('samples', found)
        return found['samples']

    def valid(self, name, value):
        if jsonschema:
            for error in validator(name).iter_errors(value):
                self.fail(f'{name}: {error.json_path}: {error.message[:200]}')

    def everything(self):
        """A folder, an archive in it, a log and the example; the number of reports."""
        self.write('in/cape.json', CAPE)
        self.write('in/deep/cuckoo.json.gz', gzip.compress(json.dumps(CUCKOO).encode()))
        self.write('in/events.jsonl', EVENTS)
        self.write('in/notes.txt', 'no report at all\n')
        with zipfile.ZipFile(self.dir / 'in' / 'more.zip', 'w') as z:
            z.writestr('logs/other.json', json.dumps(OTHER))
            z.writestr('again.json', json.dumps(CAPE, ensure_ascii=False))
        shutil.copy(EXAMPLE, self.dir / 'in' / 'example.json')
        return self.dir / 'in'


class Add(Case):
    def test_a_report_is_added_once(self):
        path = self.write('cape.json', CAPE)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        docs, total = self.lines(path)
        self.assertEqual([(d['state'], d['report'], d['tool'], d['name'], d['format'])
                          for d in docs], [('added', digest, 'CAPE', str(path), 'cape')])
        self.assertEqual((total['added'], total['known'], total['facts']),
                         (1, 0, docs[0]['facts']))
        self.assertEqual(docs[0]['facts'], len(self.out('facts', path).splitlines()))
        again, total = self.lines(path)
        self.assertEqual([(d['state'], d['report'], d['sample'], d['facts']) for d in again],
                         [('known', digest, docs[0]['sample'], docs[0]['facts'])])
        self.assertEqual((total['added'], total['known'], total['facts']), (0, 1, 0))
        self.assertEqual(len(self.samples()), 1)

    def test_the_line_says_what_was_done(self):
        path = self.write('cape.json', CAPE)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for state, sums in (('added', '1 added, 0 known'), ('known', '0 added, 1 known')):
            line, total = self.out('add', path).splitlines()
            self.assertRegex(line, rf'^{state}  {digest}  CAPE +#1 +\d+ facts  {path}$')
            self.assertTrue(total.startswith(sums), total)

    def test_a_packed_report_is_the_same_as_a_plain_one(self):
        self.lines(self.write('cape.json', CAPE))
        packed = self.write('x.gz', gzip.compress((self.dir / 'cape.json').read_bytes()))
        self.assertEqual(self.lines(packed)[1]['known'], 1)

    def test_standard_input_is_read(self):
        docs, _ = self.lines('-', stdin=json.dumps(CAPE).encode())
        self.assertEqual([d['name'] for d in docs], ['standard input'])
        bundle = io.BytesIO()
        with tarfile.open(fileobj=bundle, mode='w:gz') as tar:
            for name, doc in (('a.json', OTHER), ('b.json', CUCKOO)):
                data = json.dumps(doc).encode()
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        docs, total = self.lines('-', stdin=bundle.getvalue())
        self.assertEqual(total['added'], 2)
        self.assertEqual([d['name'] for d in docs],
                         ['standard input!a.json', 'standard input!b.json'])

    def test_folders_and_archives_are_walked(self):
        folder = self.everything()
        out, err = self.run_assay('add', '--json', folder)
        docs = [json.loads(line) for line in out.splitlines()][:-1]
        self.assertEqual(len(docs), 6)
        self.assertEqual([d['state'] for d in docs].count('known'), 1)
        self.assertIn('1 file was skipped: of an unknown format 1', err)
        # CAPE's and Cuckoo's report are of one sample; the log is one of its own.
        by_name = {pathlib.PurePath(d['name']).name: d['sample'] for d in docs}
        self.assertEqual(by_name['cape.json'], by_name['cuckoo.json.gz'])
        self.assertEqual(len({d['sample'] for d in docs}), 4)
        again = self.lines(folder)[1]
        self.assertEqual((again['added'], again['known']), (0, 6))

    def test_workers_add_the_same_as_one(self):
        folder = self.everything()
        one = self.lines(folder)[0]
        blobs = sorted(p.name for p in self.home.glob('blobs/*/*.zst'))
        for jobs in ('1', '2', '5'):
            home = self.dir / f'home{jobs}'
            many = self.lines('--jobs', jobs, folder, home=home)[0]
            key = lambda d: (d['report'], d['tool'], d['facts'], d['calls'])  # noqa: E731
            self.assertEqual(sorted({key(d) for d in many}), sorted({key(d) for d in one}))
            self.assertEqual(len(self.samples(home=home)), len(self.samples()))
            # What was put ahead and turned out to be no report is gone again.
            self.assertEqual(sorted(p.name for p in home.glob('blobs/*/*.zst')), blobs)
            self.assertIn('all is well', self.out('check', '--deep', home=home))
        self.run_assay('add', '--jobs', '0', folder, status=2)

    def test_a_bad_report_costs_itself_alone(self):
        good, bad = self.write('good.json', CAPE), self.write('bad.json', '{"info": {')
        out, err = self.run_assay('add', bad, good, status=3)
        self.assertIn('added', out)
        self.assertIn('1 added, 0 known', out)
        self.assertRegex(err, r'assay: error: .*bad\.json: byte \d+: ')
        self.assertEqual(len(self.samples()), 1)
        out, err = self.run_assay('add', self.dir / 'absent.json', status=3)
        self.assertEqual(out, '')

    def test_lines_that_cannot_be_read_are_told_and_kept_in_number(self):
        path = self.write('events.jsonl', EVENTS + '{"broken\n')
        out, err = self.run_assay('add', '--json', path)
        self.assertEqual(json.loads(out.splitlines()[0])['bad_lines'], 1)
        self.assertIn('line 6 passed over', err)

    def test_hostile_names_are_shown_harmless(self):
        hostile = {**CAPE, 'target': {'category': 'file', 'file': {
            'name': HOSTILE, 'md5': 'c' * 32}}}
        path = self.write('cape\x1b[2J.json', hostile)
        for args in (('add', path), ('samples',), ('show', '#1'), ('rm', '#1')):
            out = self.out(*args)
            self.assertNotIn('\x1b', out, args)
            self.assertNotIn('\u202e', out, args)


class Samples(Case):
    def test_none_is_nothing_found(self):
        out, err = self.run_assay('samples', status=1)
        self.assertEqual(out, '')
        self.assertIn('assay add', err)
        self.assertFalse(self.home.exists())

    def test_they_are_listed(self):
        self.lines(self.everything())
        found = self.samples()
        first = next(s for s in found if s.get('sha256') == SHA256)
        self.assertEqual((first['md5'], first['name'], first['type'], first['reports']),
                         (MD5, 'invoice.exe', 'file', 2))
        self.assertEqual(first.get('seen'), '2023-11-14T22:13:20.500Z')
        table = self.out('samples').splitlines()
        self.assertEqual(len(table), 1 + len(found))
        self.assertTrue(table[0].startswith('ID'))
        row = next(line for line in table if SHA256[:12] in line)
        self.assertRegex(row, rf"^#{first['id']} +{SHA256[:12]}  file +2 +{first['facts']}  "
                         r'\d{4}-\d\d-\d\d \d\d:\d\d  invoice.exe$')
        self.assertEqual(len(self.samples('--limit', '2')), 2)
        self.assertEqual(len(self.samples('--since', '1h')), len(found))
        self.assertEqual(self.samples('--since', '2099-01-01', status=1), [])
        self.assertEqual(len(self.samples('invoice.exe')), 2)
        self.run_assay('samples', '--since', 'yesterday', status=2)
        self.run_assay('samples', '--limit', '0', status=2)

    def test_a_sample_is_named_in_many_ways(self):
        self.lines(self.everything())
        ident = next(s['id'] for s in self.samples() if s.get('sha256') == SHA256)
        for name in (SHA256, SHA256.upper(), SHA256[:6], SHA256[:20], MD5, MD5[:8], f'#{ident}'):
            self.assertEqual([s['id'] for s in self.samples(name)], [ident], name)
        for name in ('abcdef0', SHA256[:5], '#9999', 'nobody.exe'):
            if name != 'abcdef0':
                self.run_assay('show', name, status=1)
        out, err = self.run_assay('show', 'INVOICE.exe', status=2)
        self.assertEqual(out, '')
        self.assertIn("'INVOICE.exe' means 2 samples", err)
        self.assertIn(SHA256[:12], err)
        self.assertIn('abcdef', err)

    def test_the_store_may_be_named(self):
        path = self.write('cape.json', CAPE)
        elsewhere = self.dir / 'elsewhere'
        self.lines('--store', elsewhere, path)
        self.assertFalse(self.home.exists())
        self.assertEqual(len(self.samples('--store', elsewhere)), 1)
        self.assertEqual(len(self.samples(home=elsewhere)), 1)


class Show(Case):
    def test_it_is_what_analyze_says(self):
        folder = self.everything()
        self.lines(folder)
        paths = [folder / 'cape.json', folder / 'deep' / 'cuckoo.json.gz']
        for options in ([], ['--lang', 'zh'], ['--full', '--format', 'md'], ['--format', 'json'],
                        ['--format', 'html', '--coverage']):
            shown = self.out('show', *options, SHA256)
            told = self.out('analyze', *options, *paths)
            self.assertEqual(shown, told, options)
        self.out('show', '-o', self.dir / 'page.html', '--format', 'html', MD5)
        self.assertIn('<html', (self.dir / 'page.html').read_text())

    def test_a_missing_blob_is_told(self):
        path = self.write('cape.json', CAPE)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.lines(path)
        blob = self.home / 'blobs' / digest[:2] / f'{digest}.zst'
        blob.unlink()
        out, err = self.run_assay('show', '#1', status=None)
        self.assertEqual(out, '')
        self.assertIn('missing', err)


class Remove(Case):
    def test_what_is_removed_is_gone(self):
        self.lines(self.everything())
        before = self.samples()
        blobs = len(list(self.home.glob('blobs/*/*.zst')))
        out = self.out('rm', SHA256)
        self.assertRegex(out, r'^removed  #\d+  invoice.exe: 2 reports, \d+ facts\n$')
        self.assertEqual([s for s in before if s.get('sha256') != SHA256], self.samples())
        self.assertEqual(len(list(self.home.glob('blobs/*/*.zst'))), blobs - 2)
        self.run_assay('rm', SHA256, status=1)
        self.run_assay('show', SHA256, status=1)
        # And it may come again.
        self.assertEqual(self.lines(self.dir / 'in' / 'cape.json')[1]['added'], 1)

    def test_an_ambiguous_name_removes_nothing(self):
        self.lines(self.everything())
        before = self.samples()
        _, err = self.run_assay('rm', 'invoice.exe', status=2)
        self.assertIn('means 2 samples', err)
        self.assertEqual(self.samples(), before)

    def test_there_must_be_a_store(self):
        self.run_assay('rm', 'x', status=1)
        self.assertFalse(self.home.exists())


class Moved(Case):
    FILE = 'store.tar.zst'

    def content(self, home):
        """Samples and facts without what is the store's own: ids and times of adding."""
        found = []
        for sample in self.samples(home=home):
            ident = sample.pop('id')
            sample.pop('added')
            found.append((json.dumps(sample, sort_keys=True), self.out(
                'show', '--full', '--lang', 'en', '--format', 'md', f'#{ident}', home=home)))
        return sorted(found)

    def test_what_is_exported_can_be_imported(self):
        self.lines(self.everything())
        file, other = self.dir / self.FILE, self.dir / 'other'
        self.assertRegex(self.out('export', file), r'^5 reports exported, \d+ bytes\n$')
        self.assertEqual(file.stat().st_size, int(self.out('export', file).split()[3]))
        self.assertEqual(self.out('import', file, home=other), '5 reports in the export, 5 added\n')
        self.assertEqual(self.content(self.home), self.content(other))
        one, two = (json.loads(self.out('stats', '--json', home=h)) for h in (self.home, other))
        for key in ('samples', 'reports', 'facts', 'terms', 'chunks', 'calls', 'bytes'):
            self.assertEqual(one[key], two[key], key)
        for question in ('c2.example.net', '\u6076\u610f', 'drop.bin', 'invoice.exe'):
            found = [self.out('search', '--json', question, home=h) for h in (self.home, other)]
            found = [[(p['score'], p['text'])
                      for p in json.loads(f)['passages']] for f in found]
            self.assertTrue(found[0], question)
            self.assertEqual(found[0], found[1], question)
        self.assertIn('all is well', self.out('check', '--deep', home=other))
        self.assertEqual(self.out('import', file, home=other), '5 reports in the export, 0 added\n')

    def test_it_goes_through_a_pipe(self):
        self.lines(self.everything())
        env = dict(os.environ, ASSAY_HOME=str(self.home), LC_ALL='C.UTF-8')
        raw = subprocess.run([BIN, 'export', '-'], env=env, capture_output=True, check=True).stdout
        other = self.dir / 'other'
        self.assertEqual(self.out('import', '-', home=other, stdin=raw),
                         '5 reports in the export, 5 added\n')
        self.assertEqual(self.content(self.home), self.content(other))

    def test_a_damaged_export_is_told(self):
        self.lines(self.everything())
        file = self.dir / self.FILE
        self.out('export', file)
        raw = file.read_bytes()
        self.write('cut', raw[:len(raw) // 2])
        self.write('other.json', CAPE)
        for name in ('cut', 'other.json'):
            other = self.dir / f'store-{name}'
            out, err = self.run_assay('import', self.dir / name, home=other, status=3)
            self.assertRegex(err, r'\Aassay: error: [^\n]+\n\Z')
            self.assertIn(name, err)
            self.assertIn('all is well', self.out('check', '--deep', home=other))

    def test_there_must_be_something_to_export(self):
        self.run_assay('export', self.dir / 'x', status=1)
        self.assertFalse((self.dir / 'x').exists())
        self.run_assay('import', self.dir / 'x', status=3)
        self.assertFalse(self.home.exists())


class Whole(Case):
    def test_the_numbers_add_up(self):
        folder = self.everything()
        docs, _ = self.lines(folder)
        new = [d for d in docs if d['state'] == 'added']
        stats = json.loads(self.out('stats', '--json'))
        self.valid('stats', stats)
        self.assertEqual((stats['samples'], stats['reports'], stats['facts'], stats['calls'],
                          stats['bytes']),
                         (len(self.samples()), len(new), sum(d['facts'] for d in new),
                          sum(d['calls'] for d in new), sum(d['size'] for d in new)))
        kept = sum(p.stat().st_size for p in self.home.glob('blobs/*/*.zst'))
        self.assertEqual(stats['blob_bytes'], kept)
        self.assertRegex(self.out('stats'), rf'(?m)^reports +{len(new)} *$')

    def test_a_good_store_is_called_so(self):
        self.lines(self.everything())
        for options in ([], ['--deep'], ['--repair']):
            self.assertEqual(self.out('check', *options),
                             '5 reports and 5 blobs looked at: all is well\n')
            found = json.loads(self.out('check', '--json', *options))
            self.valid('check', found)
            self.assertEqual((found['findings'], found['rebuilt']), ([], False))
        _, err = self.run_assay('check', home=self.dir / 'nowhere', status=1)
        self.assertIn('assay add', err)

    def test_a_finding_says_what_to_do(self):
        path = self.write('cape.json', CAPE)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.lines(path)
        (self.home / 'blobs' / digest[:2] / f'{digest}.zst').unlink()
        out = self.out('check', status=3)
        self.assertEqual(out, f'found     report {digest[:12]} (cape.json) has lost its bytes: add '
                         "it again to have them back\n1 report and 0 blobs looked at: 1 found, 0 "
                         "repaired; 'assay check --repair' mends what it can\n")
        found = json.loads(self.out('check', '--json', status=3))
        self.valid('check', found)
        self.lines(path)
        self.assertIn('all is well', self.out('check'))


class Evidence(Case):
    def test_from_the_store_it_is_the_same(self):
        folder = self.everything()
        self.lines(folder)
        for path in (folder / 'example.json', folder / 'cape.json', folder / 'events.jsonl',
                     folder / 'deep' / 'cuckoo.json.gz'):
            facts = [json.loads(line) for line in self.out('facts', path).splitlines()]
            self.assertTrue(facts)
            for fact in facts[:: max(1, len(facts) // 6)]:
                ident = fact['evidence']['id']
                self.assertEqual(self.out('evidence', '--raw', ident),
                                 self.out('evidence', '--raw', ident, '--in', path))
                stored = json.loads(self.out('evidence', '--json', ident))
                direct = json.loads(self.out('evidence', '--json', ident, '--in', path))
                self.valid('evidence', stored)
                self.assertEqual(stored, direct)

    def test_what_is_not_there_is_told(self):
        _, err = self.run_assay('evidence', '0123456789abcdef-1-1', status=1)
        self.assertIn('assay add', err)
        self.lines(self.write('cape.json', CAPE))
        _, err = self.run_assay('evidence', '0123456789abcdef-1-1', status=1)
        self.assertIn('no report in the store', err)
        digest = hashlib.sha256((self.dir / 'cape.json').read_bytes()).hexdigest()
        _, err = self.run_assay('evidence', f'{digest[:16]}-fffffff-1', status=1)
        self.assertIn('the report has', err)
        _, err = self.run_assay('evidence', f'{digest[:16]}-1-1', status=1)
        self.assertIn('no JSON value begins and ends there', err)


if __name__ == '__main__':
    unittest.main(verbosity=1, argv=sys.argv)
