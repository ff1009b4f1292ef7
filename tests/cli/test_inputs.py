#!/usr/bin/env python3
"""Folders and archives on the command line: what is read, what is passed over and why,
what is refused, the exit status, and that nothing is left behind. Runs $ASSAY_BIN."""
import gzip
import io
import json
import lzma
import os
import pathlib
import pty
import signal
import struct
import subprocess
import sys
import tarfile
import time
import unittest
import zipfile
import zlib

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests' / 'cli'))
from test_cli import BIN, DATA, REPORT, Case, run  # noqa: E402

NO_CONFIG = {'XDG_CONFIG_HOME': '/nonexistent'}


def report(n):
    """A report that no other is equal to."""
    return json.dumps(dict(REPORT, info=dict(REPORT['info'], id=n))).encode()


def bomb(size):
    """A report of that size, nearly all of it blanks."""
    return report(0)[:-1] + b' ' * size + b'}'


def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, content in members:
            z.writestr(name, content)
    return out.getvalue()


def tarred(members, mode='w'):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as t:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                t.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                t.addfile(info)
    return out.getvalue()


def crc_step(crc, byte):
    return zlib.crc32(bytes([byte]), crc ^ 0xffffffff) ^ 0xffffffff


def zip_crypt(password, content):
    """The old encryption of zip (APPNOTE 6.1), its header included."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = crc_step(keys[0], byte)
        keys[1] = (keys[1] + (keys[0] & 0xff)) * 134775813 + 1 & 0xffffffff
        keys[2] = crc_step(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(11) + bytes([zlib.crc32(content) >> 24]) + content:
        mix = keys[2] & 0xffff | 2
        out.append(byte ^ (mix * (mix ^ 1) >> 8 & 0xff))
        update(byte)
    return bytes(out)


def zip_with_password(name, content, password):
    name, body = name.encode(), zip_crypt(password.encode(), content)
    common = struct.pack('<HHHHHIIIHH', 20, 1, 0, 0, 0x21, zlib.crc32(content), len(body),
                         len(content), len(name), 0)
    local = b'PK\3\4' + common + name + body
    entry = b'PK\1\2' + struct.pack('<H', 20) + common + struct.pack(
        '<HHHII', 0, 0, 0, 0, 0) + name
    return local + entry + b'PK\5\6' + struct.pack('<HHHHIIH', 0, 0, 1, 1, len(entry),
                                                   len(local), 0)


class Inputs(Case):
    def run(self, result=None):
        os.environ.update(NO_CONFIG)
        os.environ.pop('ASSAY_PASSWORDS', None)
        return super().run(result)

    def facts(self, *args, status=0, **options):
        done = run('facts', *args, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def several(self, count):
        """The facts of so many reports, one after the other."""
        return ''.join(
            run('facts', self.write(f'single{i}', report(i))).stdout for i in range(count))

    def errors(self, done):
        return [l for l in done.stderr.splitlines() if l.startswith('assay: error:')]


class Archives(Inputs):
    def test_every_packing_gives_the_same_facts(self):
        members = [('a.json', report(0)), ('d/b.json', report(1))]
        expected = self.several(2)
        for name, content in (('zip', zipped(members)),
                              ('stored', zipped(members, zipfile.ZIP_STORED)),
                              ('tar', tarred(members)), ('tgz', tarred(members, 'w:gz')),
                              ('txz', tarred(members, 'w:xz')), ('tbz', tarred(members, 'w:bz2')),
                              ('zip.gz', gzip.compress(zipped(members))),
                              ('zip.xz', lzma.compress(zipped(members))),
                              ('nested', zipped([('x', tarred(members))]))):
            with self.subTest(name):
                path = self.write('archive.' + name, content)
                done = run('facts', path)
                self.assertEqual((done.stderr, done.returncode), ('', 0))
                self.assertEqual(done.stdout, expected)
                with open(path, 'rb') as f:
                    self.assertEqual(self.facts('-', stdin=f), expected)

    def test_a_wrapped_report_is_the_report(self):
        for pack in (gzip.compress, lzma.compress):
            self.assertEqual(self.facts(self.write('x.json', pack(report(0)))), self.several(1))

    def test_the_source_of_each_analysis_is_named(self):
        path = self.write('a.zip', zipped([('x/r.json', report(0)), ('\x1b[31m.json', report(1))]))
        document = json.loads(run('analyze', '--json', path).stdout)
        self.assertEqual([a['source'] for a in document['analyses']],
                         [path + '!x/r.json', path + '!\\x1b[31m.json'])
        for form in ('text', 'md', 'html'):
            self.assertNotIn('\x1b', run('analyze', '-f', form, path).stdout)

    def test_names_that_lead_elsewhere_write_nothing(self):
        names = ['../../evil.json', '/etc/evil.json', 'C:\\evil.json', '..\\evil.json']
        before = sorted(os.listdir(self.dir)) + ['a.zip', 'a.tar']
        for name, make in (('a.zip', zipped), ('a.tar', tarred)):
            path = self.write(name, make([(n, report(i)) for i, n in enumerate(names)]))
            document = json.loads(run('analyze', '--json', path).stdout)
            self.assertEqual(len(document['analyses']), len(names))
        self.assertEqual(sorted(os.listdir(self.dir)), sorted(before))
        self.assertFalse(os.path.exists(self.dir.parent / 'evil.json'))

    def test_links_and_devices_are_passed_over(self):
        path = self.write('a.tar', tarred([
            ('l.json', (tarfile.SYMTYPE, self.report)), ('h.json', (tarfile.LNKTYPE, 'r.json')),
            ('dev', (tarfile.CHRTYPE, '')), ('pipe', (tarfile.FIFOTYPE, '')),
            ('r.json', report(0))]))
        done = run('facts', path)
        self.assertEqual((done.returncode, done.stdout), (0, self.several(1)))
        self.assertEqual(done.stderr, 'assay: warning: 4 files were skipped: links 2, devices or '
                         'pipes 2 (--verbose lists them)\n')

    def test_what_is_skipped_is_counted_and_listed_on_demand(self):
        path = self.write('a.zip', zipped([
            ('r.json', report(0)), ('README.md', b'# text'), ('s.exe', b'MZ\0\0'),
            ('o.json', b'{"a": 1}'), ('__MACOSX/._r.json', b'\0\5'), ('.git/x', b'x')]))
        done = run('facts', path)
        line = ('assay: warning: 5 files were skipped: of an unknown format 3, hidden 1, left '
                'behind by an operating system 1')
        self.assertEqual((done.returncode, done.stdout), (0, self.several(1)))
        self.assertEqual(done.stderr, line + ' (--verbose lists them)\n')
        done = run('facts', '-v', path)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.splitlines(), [
            f'assay: info: skipped, of an unknown format: {path}!README.md',
            f'assay: info: skipped, of an unknown format: {path}!s.exe',
            f'assay: info: skipped, of an unknown format: {path}!o.json',
            'assay: info: skipped, left behind by an operating system: '
            f'{path}!__MACOSX/._r.json',
            f'assay: info: skipped, hidden: {path}!.git/x', line])

    def test_an_archive_without_a_report_is_refused(self):
        for members in ([], [('a.txt', b'text')], [('.hidden', report(0))]):
            done = run('analyze', self.write('a.zip', zipped(members)))
            self.assertEqual((done.returncode, done.stdout), (3, ''))
            self.assertEqual(len(self.errors(done)), 1)
        self.refused(run('analyze', self.write('a.zip', zipped([]))), 'a.zip: it is empty')
        # What an empty tar is made of, zeros, may be anything.
        self.refused(run('analyze', self.write('a.tar', tarred([]))), 'a.tar: byte 0: ')
        folder = tarred([('d/', (tarfile.DIRTYPE, ''))])
        self.refused(run('analyze', self.write('a.tar', folder)), 'a.tar: it is empty')
        path = self.write('a.zip', zipped([('a.txt', b'text'), ('.b', b'text')]))
        self.refused(run('analyze', path), 'a.zip: it holds no report that assay can read; '
                     'skipped: of an unknown format 1, hidden 1')

    def test_a_damaged_member_is_one_error_and_the_rest_is_read(self):
        path = self.write('a.zip', zipped([('bad.json', report(7)[:-200]), ('r.json', report(0))]))
        done = run('facts', path)
        self.assertEqual((done.returncode, done.stdout), (3, self.several(1)))
        self.assertRegex(done.stderr, r'\Aassay: error: \S+a\.zip!bad\.json: byte \d+: [^\n]+\n\Z')

    def test_an_archive_cut_anywhere_tells_nothing_half(self):
        members = [('a.json', report(0)), ('b.json', report(1))]
        wholes = {'', self.several(1), self.several(2)}
        for name, content in (('zip', zipped(members)), ('tgz', tarred(members, 'w:gz')),
                              ('tar', tarred(members)), ('txz', tarred(members, 'w:xz'))):
            for n in range(1, len(content), max(1, len(content) // 23)):
                done = run('facts', self.write('cut.' + name, content[:n]))
                self.assertIn(done.stdout, wholes, f'{name} at {n}')
                self.assertIn(done.returncode, (0, 3))
                self.assertLessEqual(len(self.errors(done)), 1)
                if name != 'tar': # which says nowhere how long it is
                    self.assertEqual(done.returncode, 3, f'{name} at {n}')

    def test_bombs_are_refused_in_one_line(self):
        large, small = bomb(80 << 20), bomb(20 << 20)
        for content in (zipped([('z', large)]), tarred([('z', large)], 'w:xz'),
                        tarred([('z', large)], 'w:gz'), gzip.compress(large),
                        lzma.compress(large)):
            self.refused(run('facts', self.write('bomb', content)), 'bomb')
        done = run('facts', self.write('bomb', zipped([(f'{i}.zip', zipped([('z', small)]))
                                                       for i in range(5)])))
        self.assertEqual(done.returncode, 3)
        self.assertEqual(len(self.errors(done)), 1)
        self.assertIn('compression bomb', done.stderr)

    def test_archives_are_nested_to_a_depth(self):
        content = report(0)
        for depth in range(1, 7):
            content = zipped([('in', content)])
            done = run('facts', self.write('n.zip', content))
            self.assertEqual(done.returncode, 0 if depth <= 4 else 3)
        self.assertIn('packed in more than 4 archives', done.stderr)


class Passwords(Inputs):
    def setUp(self):
        super().setUp()
        self.secret = self.write('s.zip', zip_with_password('r.json', report(0), 'sesame'))
        self.usual = self.write('u.zip', zip_with_password('r.json', report(0), 'infected'))

    def opens(self, path, *args, env=None):
        done = run('facts', path, *args, env=env)
        self.assertIn(done.returncode, (0, 3))
        return done.returncode == 0 and done.stdout == self.several(1)

    def config(self, text):
        os.makedirs(self.dir / 'config/assay', exist_ok=True)
        self.write('config/assay/config.ini', text)
        return {'XDG_CONFIG_HOME': self.path('config')}

    def test_the_usual_password_is_always_tried(self):
        self.assertTrue(self.opens(self.usual))
        self.assertTrue(self.opens(self.usual, '--password', 'x', '-p', 'y'))

    def test_an_unknown_password_says_what_to_do(self):
        done = run('facts', self.secret)
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertIn("s.zip!r.json' is encrypted and no known password opens it; give it with "
                      '--password\n', done.stderr)
        done = run('facts', self.secret, self.report)
        self.assertEqual((done.returncode, done.stdout), (3, self.facts(self.report)))

    def test_flags_come_before_the_environment_before_the_configuration(self):
        config = self.config('; mine\n\n  passwords = one , sesame\r\n# end\n')
        self.assertTrue(self.opens(self.secret, env=config))
        self.assertFalse(self.opens(self.secret, env=dict(config, ASSAY_PASSWORDS='x')))
        self.assertFalse(self.opens(self.secret, env=dict(config, ASSAY_PASSWORDS='')))
        self.assertTrue(self.opens(self.secret, env={'ASSAY_PASSWORDS': 'x, sesame'}))
        self.assertFalse(self.opens(self.secret, '-p', 'x', env={'ASSAY_PASSWORDS': 'sesame'}))
        self.assertTrue(self.opens(self.secret, '-p', 'x', '--password=sesame'))

    def test_a_wrong_configuration_is_one_line(self):
        for text in ('passwords\n', 'pass\0words = x\n', '=' * 70000):
            done = run('facts', self.secret, env=self.config(text))
            self.assertEqual((done.returncode, done.stdout), (2, ''), text[:20])
            self.assertRegex(done.stderr, r'\Aassay: error: [^\n]+config\.ini[^\n]+\n\Z')
        done = run('facts', self.report, env=self.config('colour = red\n'))
        self.assertEqual(done.returncode, 0)
        self.assertIn("line 1: 'colour' means nothing here", done.stderr)

    def test_too_many_passwords_are_a_usage_error(self):
        self.assertEqual(run('facts', self.report, *['-p', 'x'] * 32).returncode, 0)
        self.assertEqual(run('facts', self.report, *['-p', 'x'] * 33).returncode, 2)
        self.assertEqual(run('facts', self.report, env={'ASSAY_PASSWORDS': 'x,' * 33}).returncode,
                         2)

    def test_evidence_opens_encrypted_archives_too(self):
        ident = json.loads(self.facts(self.usual).splitlines()[0])['evidence']['id']
        self.assertEqual(run('evidence', ident, '--in', self.secret).returncode, 3)
        self.assertEqual(run('evidence', ident, '--in', self.secret, '-p', 'sesame').returncode, 0)


class Folders(Inputs):
    def folder(self):
        os.makedirs(self.dir / 'f/sub/.git')
        os.makedirs(self.dir / 'f/__MACOSX')
        self.write('f/b.json', report(1))
        self.write('f/a.json', report(0))
        self.write('f/sub/c.zip', zipped([('x.json', report(2))]))
        self.write('f/sub/.git/r.json', report(9))
        self.write('f/__MACOSX/r.json', report(9))
        self.write('f/notes.txt', 'text')
        os.symlink(self.report, self.dir / 'f/link.json')
        os.symlink('..', self.dir / 'f/sub/up')
        os.mkfifo(self.dir / 'f/pipe')
        return self.path('f')

    def test_a_folder_is_read_in_order(self):
        done = run('facts', self.folder())
        self.assertEqual((done.returncode, done.stdout), (0, self.several(3)))
        self.assertEqual(done.stderr, 'assay: warning: 6 files were skipped: of an unknown format '
                         '1, hidden 1, left behind by an operating system 1, links 2, devices or '
                         'pipes 1 (--verbose lists them)\n')

    def test_bad_files_are_told_and_the_good_ones_read(self):
        folder = self.folder()
        self.write('f/a0.json', report(5)[:300])
        self.write('f/a1.zip', zipped([('x.json', report(6))])[:-30])
        done = run('facts', folder)
        self.assertEqual((done.returncode, done.stdout), (3, self.several(3)))
        self.assertEqual(len(self.errors(done)), 2)
        self.assertIn('f/a0.json: byte ', done.stderr)
        self.assertIn("f/a1.zip' is damaged", done.stderr)

    def test_a_bomb_costs_itself_alone(self):
        folder = self.folder()
        self.write('f/aa.zip', zipped([('z', bomb(80 << 20))]))
        done = run('facts', folder)
        self.assertEqual((done.returncode, done.stdout), (3, self.several(3)))
        self.assertEqual(len(self.errors(done)), 1)

    def test_a_report_that_is_named_fails_as_ever(self):
        self.refused(run('facts', self.write('x.txt', 'text')), 'x.txt: byte ')

    def test_the_output_is_no_input(self):
        folder = self.folder()
        done = run('facts', folder, '-o', self.path('f/a.json'))
        self.assertEqual(done.returncode, 2)
        self.assertIn('--output would overwrite it', done.stderr)
        self.assertEqual((self.dir / 'f/a.json').read_bytes(), report(0))
        done = run('facts', folder, '-o', self.path('f/new.json'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.dir / 'f/new.json').read_text(), self.several(3))

    def test_every_command_and_document_takes_them(self):
        folder = self.folder()
        self.assertEqual(len(json.loads(run('analyze', '--json', folder).stdout)['analyses']), 3)
        self.assertEqual(run('calls', folder).stdout.count('\n'),
                         3 * run('calls', self.report).stdout.count('\n'))
        for form in ('text', 'md', 'html'):
            self.assertEqual(run('analyze', '-f', form, folder).returncode, 0)


class Evidence(Inputs):
    def ids(self, path):
        for line in self.facts(path).splitlines():
            yield json.loads(line)['evidence']['id']

    def test_the_right_member_is_found_by_its_hash(self):
        members = [(f'{i}.json', report(i)) for i in range(3)] + [('x.txt', b'text')]
        os.makedirs(self.dir / 'f')
        for i in range(3):
            self.write(f'f/{i}.json', report(i))
        places = [self.write('a.zip', zipped(members)),
                  self.write('a.tgz', tarred([('a.zip', zipped(members))], 'w:gz')),
                  self.path('f')]
        single = self.write('single.json', report(1))
        ids = list(self.ids(single))
        for place in places:
            for ident in ids[:3] + ids[-1:]:
                one = run('evidence', ident, '--in', single, '--raw')
                two = run('evidence', ident, '--in', place, '--raw')
                self.assertEqual((two.returncode, two.stdout), (0, one.stdout), two.stderr)
            shown = json.loads(run('evidence', ids[0], '--in', place, '--json').stdout)
            self.assertTrue(shown['file'].endswith('1.json'))
        with open(places[0], 'rb') as f:
            self.assertEqual(run('evidence', ids[0], '--in', '-', '--raw', stdin=f).stdout,
                             run('evidence', ids[0], '--in', single, '--raw').stdout)

    def test_of_lines_of_json_the_record_is_named(self):
        lines = [json.dumps({'TimeCreated': '2020-10-21 07:00:00.000', 'EventID': 1, 'Task': '1',
                             'Channel': 'Microsoft-Windows-Sysmon/Operational',
                             'Image': f'C:\\{i}.exe', 'ProcessId': str(i),
                             'UtcTime': '2020-10-21 11:00:00.000'}) for i in range(5)]
        content = ''.join(l + '\n' for l in lines).encode()
        path = self.write('events.zip', zipped([('r.json', report(0)), ('events.json', content)]))
        told = [json.loads(l) for l in self.facts(path).splitlines()]
        found = [f['evidence'] for f in told if f['evidence']['pointer'].startswith('#')]
        self.assertGreaterEqual(len(found), 5)
        for evidence in found:
            shown = json.loads(run('evidence', evidence['id'], '--in', path, '--json').stdout)
            self.assertEqual(shown['pointer'], evidence['pointer'])
            value = json.loads(content[evidence['begin']:evidence['end']])
            self.assertEqual(shown['value'], value)
            raw = run('evidence', evidence['id'], '--in', path, '--raw', raw=True).stdout
            self.assertEqual(raw, content[evidence['begin']:evidence['end']])
        ident = found[0]['id'].split('-')[0] + '-1-3'
        done = run('evidence', ident, '--in', path)
        self.assertEqual((done.returncode, done.stdout), (1, ''))

    def test_a_report_that_is_not_there_is_refused(self):
        path = self.write('a.zip', zipped([('0.json', report(0)), ('1.json', report(1))]))
        ident = next(self.ids(self.write('x.json', report(8))))
        self.refused(run('evidence', ident, '--in', path), 'not in it', '2 others')

    def test_a_short_id_needs_a_single_report(self):
        ident = next(self.ids(self.report)).split('-', 1)[1]
        one = self.write('1.zip', zipped([('r.json', pathlib.Path(self.report).read_bytes())]))
        two = self.write('2.zip', zipped([('a', report(0)), ('b', report(1))]))
        self.assertEqual(run('evidence', ident, '--in', one, '--raw').stdout,
                         run('evidence', ident, '--in', self.report, '--raw').stdout)
        done = run('evidence', ident, '--in', two)
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn('the whole id is needed', done.stderr)


class Formats(Inputs):
    def test_the_list_is_the_same_in_every_form(self):
        text, page = run('formats').stdout, run('formats', '--markdown').stdout
        document = json.loads(run('formats', '--json').stdout)
        self.assertEqual(document['schema'], 'assay/formats/1')
        self.assertGreaterEqual(len(document['formats']), 2)
        self.assertEqual(len({f['id'] for f in document['formats']}), len(document['formats']))
        if jsonschema:
            schema = json.loads((ROOT / 'docs/schema/formats.schema.json').read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.Draft202012Validator(schema).validate(document)
        for row in document['formats']:
            self.assertRegex(row['id'], r'\A[a-z0-9-]+\Z')
            basis = 'checked on real files' if row['seen'] else 'from documentation'
            self.assertIn(f"{row['id']}  {row['name']}\n    versions: {row['versions']}\n", text)
            self.assertIn(f"| id | `{row['id']}` |\n| versions | {row['versions']} |\n"
                          f"| becomes facts | {row['maps']} |\n| basis | {basis} |", page)
            self.assertNotIn('|', row['name'] + row['versions'] + row['maps'])
        self.assertEqual(run('formats', '--json', '--markdown').returncode, 2)

    def test_a_format_may_be_forced(self):
        for ident in ('cuckoo', 'cape'):
            self.assertEqual(run('facts', '--as', ident, self.report).returncode, 0)
        self.says(run('facts', '--as', 'nonsense', self.report), 2,
                  "option '--as' takes a format that 'assay formats' lists, not 'nonsense'; "
                  "try 'assay help facts'")

    def test_the_ids_are_completed(self):
        script = self.write('script', run('completion', 'bash').stdout + '''
            try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _assay; echo "${COMPREPLY[*]}"; }
            try assay facts --as cuc''')
        done = subprocess.run(['bash', script], capture_output=True, check=True)
        self.assertIn('cuckoo', done.stdout.decode().split())


class Signals(Inputs):
    def large(self):
        process = dict(REPORT['behavior']['processes'][0])
        process['calls'] = process['calls'] * 60000
        behavior = dict(REPORT['behavior'], processes=[process])
        return json.dumps(dict(REPORT, behavior=behavior)).encode()

    def test_an_interrupt_leaves_nothing(self):
        os.makedirs(self.dir / 'out')
        large = self.large()
        path = self.write('big.zip', zipped([(f'{i}.json', large) for i in range(8)]))
        for delay in (0.05, 0.2, 0.5):
            child = subprocess.Popen([BIN, 'facts', path, '-o', self.path('out/o')],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                     env=dict(os.environ, TMPDIR=self.path('out')))
            time.sleep(delay)
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(timeout=20), -signal.SIGINT)
            self.assertEqual(os.listdir(self.dir / 'out'), [])

    def test_progress_names_the_member_and_is_erased(self):
        path = self.write('big.zip', zipped([('member.json', self.large())], 0))
        padded = self.write('pad.zip', zipped([(f'{i}.json', self.large()) for i in range(12)]))
        for archive in (path, padded):
            try:
                master, slave = pty.openpty()
            except OSError as why: # a container without /dev/pts
                self.skipTest(f'no pseudo-terminal: {why}')
            child = subprocess.Popen([BIN, 'facts', archive], stdout=subprocess.DEVNULL,
                                     stderr=slave, env=dict(os.environ, TERM='xterm'))
            os.close(slave)
            seen = b''
            try:
                while block := os.read(master, 65536):
                    seen += block
            except OSError:
                pass # the other end is closed
            os.close(master)
            self.assertEqual(child.wait(timeout=60), 0)
            if seen:
                self.assertTrue(seen.endswith(b'\r\x1b[K'), seen[-80:])


class RealData(Inputs):
    def archives(self):
        folder = DATA / 'reports'
        found = sorted(folder.rglob('*.zip'))
        if not found:
            self.skipTest('no real archives: ' + str(folder))
        return found

    def test_real_archives_are_walked(self):
        for path in self.archives():
            with zipfile.ZipFile(path) as z:
                junk = [i for i in z.infolist() if '__MACOSX' in i.filename]
                if sum(i.file_size for i in z.infolist()) > 4 << 20:
                    continue
            done = run('facts', '-v', str(path))
            self.assertIn(done.returncode, (0, 3), path)
            listed = [l for l in done.stderr.splitlines() if '__MACOSX' in l]
            self.assertEqual(len(listed), len(junk), path)


if __name__ == '__main__':
    unittest.main()
