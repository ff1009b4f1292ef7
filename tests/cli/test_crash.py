#!/usr/bin/env python3
"""What is told as added is there after anything: kill -9, a full disk, a store that may not
be written, two writers, damage, a store of a newer version. And what `assay check` says of
it is true.

ASSAY_CRASH_ROUNDS=300 kills so often; the ordinary run has 15.
ASSAY_CRASH_SEED makes the moments the same again.
"""
import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
EXAMPLE = ROOT / 'examples' / 'cape-report.json'
ROUNDS = int(os.environ.get('ASSAY_CRASH_ROUNDS', '15'))
SEED = int(os.environ.get('ASSAY_CRASH_SEED', str(random.SystemRandom().randrange(1 << 30))))
REPORTS = 40
NOBODY = 65534


def cape(number, size):
    """A report of its own sample, with `size` files written."""
    return {
        'info': {'version': '2.4-CAPE', 'id': number, 'started': '2026-01-02 03:04:05',
                 'ended': '2026-01-02 03:06:05', 'duration': 120},
        'target': {'category': 'file', 'file': {
            'name': f'sample{number}.exe', 'size': 4096 + number,
            'sha256': hashlib.sha256(b'%d' % number).hexdigest()}},
        'behavior': {
            'processes': [{'process_id': 100 + i, 'process_name': f'p{i}.exe', 'parent_id': 4,
                           'first_seen': '2026-01-02 03:04:10,000', 'calls': []}
                          for i in range(3)],
            'summary': {'mutexes': [f'Global\\m{number}'],
                        'write_files': [f'C:\\Users\\a\\{number}\\f{i}.bin'
                                        for i in range(size)]}},
        'network': {'domains': [{'domain': f'c{number}.example.net', 'ip': '192.0.2.7'}]},
    }


def environment(home):
    env = dict(os.environ, LC_ALL='C.UTF-8', TERM='dumb', ASSAY_HOME=str(home))
    env.pop('XDG_DATA_HOME', None)
    return env


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix='assay-crash-'))
        cls.addClassCleanup(shutil.rmtree, cls.base, ignore_errors=True)
        os.chmod(cls.base, 0o755)
        cls.input = cls.base / 'in'
        cls.input.mkdir()
        cls.bytes_of, cls.facts_of = {}, {}
        source = random.Random(7)
        for i in range(REPORTS):
            raw = json.dumps(cape(i, source.choice((3, 30, 300, 1000)))).encode()
            path = cls.input / f'r{i:03}.json'
            path.write_bytes(raw)
            cls.bytes_of[hashlib.sha256(raw).hexdigest()] = raw
        cls.whole = cls.base / 'whole'
        started = time.monotonic()
        out = subprocess.run([BIN, 'add', '--json', '-q', cls.input], env=environment(cls.whole),
                             capture_output=True, check=True).stdout
        cls.seconds = time.monotonic() - started
        for line in map(json.loads, out.decode().splitlines()):
            if line['state'] == 'added':
                cls.facts_of[line['report']] = line['facts']
        assert set(cls.facts_of) == set(cls.bytes_of), out

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix='home-', dir=self.base)) / 'h'

    def assay(self, *args, status=0, home=None, **options):
        done = subprocess.run([BIN, *map(str, args)], env=environment(home or self.home),
                              capture_output=True, check=False, timeout=300,
                              stdin=subprocess.DEVNULL, **options)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        if status is not None:
            self.assertEqual(done.returncode, status, (args, done.stdout[-500:], done.stderr))
        return done

    def acknowledged(self, text):
        """{report: facts} of the whole lines of `add --json`."""
        found = {}
        for line in text.split('\n')[:-1]:
            doc = json.loads(line)
            if doc['state'] != 'summary':
                found[doc['report']] = doc['facts']
        return found

    def stored(self, home=None):
        """{report: facts it has in fact} of the database as another program sees it."""
        db = sqlite3.connect(f'file:{home or self.home}/assay.db?mode=ro', uri=True)
        try:
            rows = db.execute('SELECT hex(d.sha256), d.facts, (SELECT count(*) FROM fact f WHERE '
                              'f.doc = d.id) FROM document d').fetchall()
        finally:
            db.close()
        for name, told, there in rows:
            self.assertEqual(told, there, name)
        return {name.lower(): there for name, _, there in rows}

    def blob(self, report, home=None):
        return (home or self.home) / 'blobs' / report[:2] / f'{report}.zst'

    def holds(self, acknowledged):
        """All that was acknowledged is there: its facts, and its blob."""
        there = self.stored() if acknowledged else {}
        for report, facts in acknowledged.items():
            self.assertEqual(facts, self.facts_of[report])
            self.assertEqual(there.get(report), facts, f'{report} was told as added')
            self.assertTrue(self.blob(report).exists(), report)

    def same_bytes(self, report):
        """The blob unpacks to the report: its one value is the whole document."""
        raw = self.bytes_of[report]
        out = self.assay('evidence', '--raw', f'{report[:16]}-0-{len(raw):x}').stdout
        self.assertEqual(out.encode(), raw)

    def check(self, *args, status=0, home=None):
        found = json.loads(self.assay('check', '--json', *args, status=status, home=home).stdout)
        return found

    def well(self, *args):
        found = self.check(*args)
        self.assertEqual((found['findings'], found['found']), ([], 0))
        return found

    def not_begun(self):
        """It was killed while the database was made, and is told to be no store yet."""
        done = self.assay('samples', status=None)
        if done.returncode == 1 and 'no store at' in done.stderr:
            self.assertIn("run 'assay add'", done.stderr)
            return True
        return False

    def litter_alone(self):
        """What a killed writer was at is found, and nothing else; --repair takes it away."""
        found = self.check(status=None)
        for one in found['findings']:
            self.assertRegex(one['what'], 'of no document|a writer that was killed left a file')
        if found['found'] > 0 and found['reports'] % 2:
            mended = self.check('--repair')
            self.assertEqual(mended['found'], mended['repaired'])
            self.well()

    def complete(self):
        """The rest is added by the same command, and all is as if nothing had happened."""
        self.assay('add', '-q', self.input)
        self.assertEqual(self.stored(), self.facts_of)
        self.assertEqual(self.well('--deep')['reports'], REPORTS)
        names = {s['name']: s['facts'] for s in
                 json.loads(self.assay('samples', '--json').stdout)['samples']}
        want = {s['name']: s['facts'] for s in json.loads(
            self.assay('samples', '--json', home=self.whole).stdout)['samples']}
        self.assertEqual(names, want)


class Killed(Case):
    def one_kill(self, moment):
        """A line that is whole when the process is gone was written while it lived."""
        with tempfile.TemporaryFile() as out:
            child = subprocess.Popen([BIN, 'add', '--json', '-q', self.input], stdout=out,
                                     stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                     env=environment(self.home))
            try:
                child.wait(timeout=moment)
                err = child.stderr.read().decode()
                self.assertEqual((child.returncode, err), (0, ''))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
            child.stderr.close()
            out.seek(0)
            return child.returncode, self.acknowledged(out.read().decode())

    def test_nothing_acknowledged_is_lost(self):
        moments = random.Random(SEED)
        killed = began = whole = told = rounds = 0
        acknowledged = {}
        # A run that ended before its moment counts for nothing.
        for number in range(4 * ROUNDS):
            if killed == ROUNDS:
                break
            rounds += 1
            with self.subTest(seed=SEED, round=number):
                status, added = self.one_kill(moments.uniform(0, self.seconds * 0.8))
                killed += status == -signal.SIGKILL
                acknowledged.update(added)
                told += bool(added)
                if not (self.home / 'assay.db').exists():
                    self.assertFalse(acknowledged)
                    continue
                began += 1
                self.holds(acknowledged)
                if acknowledged:
                    self.same_bytes(moments.choice(sorted(acknowledged)))
                elif self.not_begun():
                    continue
                self.litter_alone()
                if len(acknowledged) == REPORTS or moments.random() < 0.1:
                    self.complete()
                    shutil.rmtree(self.home)
                    acknowledged = {}
                    whole += 1
        print(f'{killed} kills in {rounds} rounds (seed {SEED}): {began} left a database, {told} '
              f'had acknowledged reports in their round, {whole} times all was completed',
              file=sys.stderr)
        self.assertEqual(killed, ROUNDS)

    def test_two_writers_take_turns(self):
        children = [subprocess.Popen([BIN, 'add', '--json', '-q', self.input],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env=environment(self.home)) for _ in range(2)]
        ends = [child.communicate(timeout=300) for child in children]
        states = []
        for child, (out, err) in zip(children, ends):
            self.assertEqual((child.returncode, err.decode()), (0, ''))
            states += [d['state'] for d in map(json.loads, out.decode().splitlines())]
        self.assertEqual((states.count('added'), states.count('known')), (REPORTS, REPORTS))
        self.complete()

    def test_readers_read_while_a_writer_writes(self):
        child = subprocess.Popen([BIN, 'add', '-q', self.input], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, env=environment(self.home))
        seen = 0
        while child.poll() is None:
            if (self.home / 'assay.db').exists():
                done = self.assay('samples', '--json', status=None)
                if done.returncode == 0:
                    seen += 1
        self.assertEqual((child.returncode, child.stderr.read().decode()), (0, ''))
        child.stderr.close()
        self.assertGreater(seen, 0)


class Full(Case):
    def small(self):
        """Reports until it is full: what was told as added, and what was said."""
        done = self.assay('add', '--json', '-q', self.input, status=4, home=self.home)
        self.assertRegex(done.stderr, r'(?s)\Aassay: error: .+\n\Z')
        return self.acknowledged(done.stdout), done.stderr

    def test_a_file_that_may_not_grow(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        done = self.assay('add', '--json', '-q', self.input, status=4, preexec_fn=limit)
        self.assertRegex(done.stderr, r'\Aassay: error: [^\n]+\n\Z')
        self.holds(self.acknowledged(done.stdout))
        self.complete()

    def test_a_full_disk(self):
        self.home = self.home.parent / 'disk'
        self.home.mkdir()
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', self.home],
                                 capture_output=True, check=False)
        if mounted.returncode:
            self.skipTest('a small disk cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', self.home], check=False)
        acknowledged, said = self.small()
        self.assertRegex(said, 'no room left on the disk')
        self.holds(acknowledged)
        self.assertLess(len(acknowledged), REPORTS)
        subprocess.run(['mount', '-o', 'remount,size=200m', self.home], check=True)
        self.holds(acknowledged)
        self.complete()


class ReadOnly(Case):
    def test_it_can_be_asked_and_not_added_to(self):
        shutil.copytree(self.whole, self.home)
        for path in (self.home, *self.home.rglob('*')):
            path.chmod(0o555 if path.is_dir() else 0o444)
        os.chmod(self.home.parent, 0o755)

        def drop():
            if os.getuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
        if not self.can_run(drop):
            self.skipTest('another user cannot run the program')
        done = self.assay('samples', '--json', preexec_fn=drop)
        self.assertEqual(len(json.loads(done.stdout)['samples']), REPORTS)
        self.assay('show', '#1', preexec_fn=drop)
        done = self.assay('check', '--json', preexec_fn=drop)
        self.assertEqual(json.loads(done.stdout)['found'], 0)
        before = self.stored()
        for args in (('add', '-q', self.input), ('rm', '#1')):
            done = self.assay(*args, status=4, preexec_fn=drop)
            self.assertEqual(done.stdout, '')
            self.assertRegex(done.stderr, r'\Aassay: error: [^\n]+\n\Z')
            self.assertIn(str(self.home), done.stderr)
        self.assertEqual(self.stored(), before)

    def can_run(self, drop):
        try:
            subprocess.run([BIN, '--version'], preexec_fn=drop, capture_output=True, check=True)
            return True
        except (OSError, subprocess.SubprocessError):
            return False


class Damaged(Case):
    def setUp(self):
        super().setUp()
        shutil.copytree(self.whole, self.home)

    def test_a_missing_blob(self):
        lost = sorted(self.facts_of)[7]
        self.blob(lost).unlink()
        found = self.check(status=3)
        self.assertEqual(found['found'], 1)
        self.assertIn(lost[:12], found['findings'][0]['what'])
        self.assertRegex(found['findings'][0]['what'], 'add')
        self.assertEqual(self.check('--repair', status=3)['repaired'], 0)
        self.holds({r: f for r, f in self.facts_of.items() if r != lost})
        self.complete()

    def test_a_damaged_blob(self):
        spoilt = sorted(self.facts_of)[9]
        raw = bytearray(self.blob(spoilt).read_bytes())
        raw[len(raw) // 3] ^= 0xff
        self.blob(spoilt).write_bytes(raw)
        found = self.check('--deep', status=3)
        self.assertEqual(found['found'], 1)
        self.assertIn(spoilt[:12], found['findings'][0]['what'])
        done = self.assay('evidence', '--raw', f'{spoilt[:16]}-0-1', status=3)
        self.assertIn('damaged', done.stderr)
        self.complete()

    def test_a_blob_that_nothing_needs(self):
        raw = self.blob(sorted(self.facts_of)[0]).read_bytes()
        stray = self.blob('f' * 64)
        stray.parent.mkdir(exist_ok=True)
        stray.write_bytes(raw)
        (self.home / 'blobs' / '.new-0123456789abcdef').write_bytes(raw[:10])
        self.assertGreaterEqual(self.check(status=3)['found'], 1)
        found = self.check('--repair')
        self.assertEqual(found['found'], found['repaired'])
        self.assertFalse(stray.exists())
        self.assertFalse((self.home / 'blobs' / '.new-0123456789abcdef').exists())
        self.complete()

    def pages(self):
        size = (self.home / 'assay.db').stat().st_size
        with open(self.home / 'assay.db', 'rb') as f:
            page = int.from_bytes(f.read(18)[16:18], 'big')
        return page, size // page

    def test_a_damaged_page(self):
        page, count = self.pages()
        source = random.Random(SEED)
        for number in sorted(source.sample(range(1, count), 3)) + [0]:
            with self.subTest(seed=SEED, page=number, of=count):
                shutil.rmtree(self.home)
                shutil.copytree(self.whole, self.home)
                with open(self.home / 'assay.db', 'r+b') as f:
                    f.seek(number * page)
                    f.write(bytes(source.randrange(256) for _ in range(page)))
                done = self.assay('check', '--json', status=None)
                self.assertIn(done.returncode, (0, 3), done.stderr)
                if done.returncode == 0:
                    # A page that nothing uses; then indeed all is there.
                    self.complete()
                    continue
                found = self.check('--repair')
                self.assertEqual(found['found'], found['repaired'])
                self.complete()

    def test_a_newer_version(self):
        db = sqlite3.connect(self.home / 'assay.db')
        version = db.execute('PRAGMA user_version').fetchone()[0]
        db.execute(f'PRAGMA user_version = {version + 1}')
        db.commit()
        db.close()
        before = hashlib.sha256((self.home / 'assay.db').read_bytes()).hexdigest()
        for args in (('samples',), ('show', '#1'), ('add', '-q', self.input), ('rm', '#1'),
                     ('check',), ('check', '--repair'), ('stats',)):
            done = self.assay(*args, status=4)
            self.assertEqual(done.stdout, '', args)
            self.assertRegex(done.stderr, r'\Aassay: error: [^\n]*newer[^\n]*\n\Z')
        self.assertEqual(hashlib.sha256((self.home / 'assay.db').read_bytes()).hexdigest(), before)


if __name__ == '__main__':
    unittest.main(verbosity=1, argv=sys.argv)
