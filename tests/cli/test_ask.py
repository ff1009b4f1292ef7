#!/usr/bin/env python3
"""Asks as a user would: over the examples, whose answers are read from their JSON here; over
hostile questions and odd stores; and, where the real reports are, the questions whose answers
are known."""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
DATA = pathlib.Path(os.environ.get('ASSAY_DATA', ROOT / '..' / 'shared' / 'data'))
REAL = DATA / 'reports' / 'sandboxllm'
NOBODY = 65534

with open(ROOT / 'docs' / 'schema' / 'ask.schema.json', encoding='utf-8') as f:
    SCHEMA = json.load(f)
PATHS = {name: ROOT / 'examples' / f'{name}-report.json' for name in ('cape', 'cuckoo')}
CAPE, CUCKOO = (json.loads(PATHS[name].read_bytes()) for name in ('cape', 'cuckoo'))
CAPE_MD5, CUCKOO_MD5 = (r['target']['file']['md5'] for r in (CAPE, CUCKOO))


def visible(raw):
    """What as_escape_visible() makes of the ASCII and CJK that the examples hold."""
    return raw.decode().replace('\r', '\\r').replace('\n', '\\n').replace('\t', '\\t')


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix='assay-ask-'))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.home = cls.dir / 'home'

    def run_assay(self, *args, home=None, status=0, **options):
        env = dict(os.environ, LC_ALL='C.UTF-8', TERM='dumb', ASSAY_HOME=str(home or self.home))
        done = subprocess.run([BIN, *args], capture_output=True, env=env, check=False, timeout=120,
                              **options)
        if status is not None:
            self.assertEqual(done.returncode, status, (args, done.stderr.decode()))
        return done.stdout, done.stderr.decode()

    def ask(self, question, sample=None, home=None, **options):
        args = ['--sample', sample] if sample else []
        out, err = self.run_assay('ask', '--json', *args, '--', question, home=home, **options)
        self.assertEqual(err, '')
        return self.valid(json.loads(out))

    def valid(self, a):
        if jsonschema:
            for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(a):
                self.fail(f'{error.json_path}: {error.message[:200]}')
        self.assertEqual([c['n'] for c in a['citations']], list(range(1, len(a['citations']) + 1)))
        for item in a['items']:
            self.assertLessEqual(set(item['citations']), {c['n'] for c in a['citations']})
        self.assertTrue(a['answer'])
        return a

    def values(self, *args, **options):
        return [i['value'] for i in self.ask(*args, **options)['items']]

    def said(self, question, sample=None, home=None):
        """What a person reads."""
        args = ['--sample', sample] if sample else []
        return self.run_assay('ask', *args, '--', question, home=home)[0].decode()


class Examples(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([BIN, 'add', *PATHS.values()], check=True, capture_output=True,
                       env=dict(os.environ, ASSAY_HOME=str(cls.home)))

    def each(self, questions, sample, check):
        for question in questions:
            with self.subTest(question):
                check(self.ask(question, sample))

    def test_lists_are_complete(self):
        def exactly(values):
            wanted = ('list', True, sorted(set(values)))
            return lambda a: self.assertEqual(
                (a['intent'], a['answerable'], sorted(i['value'] for i in a['items'])), wanted)
        for sample, report in ((CAPE_MD5, CAPE), (CUCKOO_MD5, CUCKOO)):
            summary, network = report['behavior']['summary'], report['network']
            self.each(['Which mutexes did it create?', '创建了哪些互斥体？'], sample,
                      exactly(summary.get('mutexes') or summary['mutex']))
            self.each(['Which domains were queried?', '查询了哪些域名？'], sample,
                      exactly([d['domain'] for d in network['domains']] +
                              [d['request'] for d in network['dns']]))

    def test_numbers_are_right(self):
        for sample, report in ((CAPE_MD5, CAPE), (CUCKOO_MD5, CUCKOO)):
            self.each(['How many files were dropped?', '释放了多少个文件？'], sample,
                      lambda a, n=len(report['dropped']): self.assertEqual(a['count'], n))
            self.each(['How many processes were there?', '一共有多少个进程？'], sample,
                      lambda a, n=len(report['behavior']['processes']):
                      self.assertEqual(a['count'], n))

    def test_attributes_are_right(self):
        for report in (CAPE, CUCKOO):
            target = report['target']['file']
            for words, value in (('SHA-256', target['sha256']), ('MD5', target['md5']),
                                 ('SHA1', target['sha1'])):
                self.each([f'What is the {words} of this sample?', f'这个样本的 {words} 是什么？'],
                          target['md5'],
                          lambda a, v=value: self.assertEqual([i['value'] for i in a['items']], [v]))
            self.each(['How long did the analysis take?', '分析用了多长时间？'], target['md5'],
                      lambda a, r=report: self.assertIn(str(r['info']['duration']), a['answer']))

    def test_yes_and_no(self):
        for question in ('Does this sample hit the Yara rule?', '有没有命中 YARA 规则？'):
            self.assertIs(self.ask(question, CAPE_MD5)['truth'], True)
        for question in ('Did it delete any registry keys?', '有没有删除注册表项？'):
            self.assertIs(self.ask(question, CAPE_MD5)['truth'], False)

    def test_the_high_risk_is_what_the_tool_calls_so(self):
        for sample, report in ((CAPE_MD5, CAPE), (CUCKOO_MD5, CUCKOO)):
            high = sorted(s['name'] for s in report['signatures'] if s['severity'] >= 3)
            for question in ('What are the high-risk behaviors?', '高危行为有哪些？'):
                self.assertEqual(sorted(self.values(question, sample)), high)

    def test_the_language_is_the_questions_or_chosen(self):
        self.assertEqual(self.ask('释放了哪些文件？', CAPE_MD5)['lang'], 'zh')
        self.assertEqual(self.ask('Which files were dropped?', CAPE_MD5)['lang'], 'en')
        out, _ = self.run_assay('ask', '--json', '--lang', 'zh', '-s', CAPE_MD5, 'which', 'files',
                                'were', 'dropped')
        answer = self.valid(json.loads(out))
        self.assertEqual(answer['lang'], 'zh')
        self.assertIn('文件', answer['answer'])

    def test_text_and_json_say_the_same(self):
        for question in ('Which files were dropped?', '释放了哪些文件？'):
            answer, text = self.ask(question, CAPE_MD5), self.said(question, CAPE_MD5)
            self.assertTrue(text.startswith(answer['answer'] + '\n'))
            for citation in answer['citations']:
                self.assertIn(f"  [{citation['n']}] {citation['evidence']}", text)
            traced = self.run_assay('ask', '--trace', '-s', CAPE_MD5, question)[0].decode()
            self.assertTrue(traced.startswith(text))
            for line in answer['trace']:
                self.assertIn(line, traced[len(text):])

    def test_citations_are_the_bytes_of_the_report(self):
        seen = {}
        for sample in (CAPE_MD5, CUCKOO_MD5):
            for question in ('Which files were dropped?', '有哪些行为特征？', '查询了哪些域名？',
                             'What is the MD5 of this sample?', 'Which processes were started?',
                             'Give a timeline', 'Which domains were queried?'):
                answer = self.ask(question, sample)
                self.assertTrue(answer['items'], question)
                for item in answer['items']:
                    self.assertTrue(item['citations'], (question, item))
                    cited = answer['citations'][item['citations'][0] - 1]
                    seen[cited['evidence']] = (cited, item['value'])
                seen.update((c['evidence'], (c, '')) for c in answer['citations']
                            if c['evidence'] not in seen)
        self.assertGreater(len(seen), 40)
        for ident, (citation, value) in seen.items():
            raw, _ = self.run_assay('evidence', '--raw', ident)
            self.assertTrue(any(raw in path.read_bytes() for path in PATHS.values()))
            whole, quote = visible(raw), citation['quote']
            if citation['cut']:
                self.assertTrue(quote and quote in whole and quote != whole, (whole, quote))
                # What is cited is in the part that is shown, if it stands there literally.
                value = json.dumps(value, ensure_ascii=False)[1:-1]
                self.assertTrue(value not in whole or value[:150] in quote, (value, quote))
            else:
                self.assertEqual(quote, whole)

    def test_across_samples(self):
        every = {r['target']['file']['sha256'] for r in (CAPE, CUCKOO)}
        for question in ('Which samples dropped files?', '哪些样本释放了文件？'):
            self.assertEqual(set(self.values(question)), every)
        for question in ('Which samples queried gate.example.org?',
                         '哪些样本查询了 gate[.]example[.]org？'):
            self.assertEqual(self.values(question), [CUCKOO['target']['file']['sha256']])
        self.assertEqual(self.values('Which samples queried nowhere.example.com?'), [])

    def test_which_sample_is_meant_is_asked(self):
        for question in ('Which files did it drop?', '释放了哪些文件？'):
            answer = self.ask(question)
            self.assertEqual((answer['intent'], answer['answerable'], answer['truth']),
                             ('which_sample', False, None))
            self.assertEqual({i['value'] for i in answer['items']},
                             {r['target']['file']['sha256'] for r in (CAPE, CUCKOO)})
            self.assertIn('--sample', answer['answer'])
            answer = self.ask(question, 'f' * 64)
            self.assertEqual((answer['intent'], answer['answerable'], answer['items']),
                             ('no_sample', False, []))

    def test_a_sample_may_be_named_in_the_question(self):
        for question in (f'Which files did {CUCKOO_MD5} drop?', f'{CUCKOO_MD5} 释放了哪些文件？'):
            answer = self.ask(question)
            self.assertEqual((answer['intent'], len(answer['items'])),
                             ('list', len(CUCKOO['dropped'])))

    def test_a_name_of_two_is_ambiguous(self):
        home = self.dir / 'two'
        shutil.copytree(self.home, home)
        other = json.loads(json.dumps(CUCKOO))
        other['target']['file'] = {'name': CUCKOO['target']['file']['name'], 'md5': 'e' * 32}
        (self.dir / 'other.json').write_text(json.dumps(other))
        self.run_assay('add', str(self.dir / 'other.json'), home=home)
        answer = self.ask('Which files did it drop?', CUCKOO['target']['file']['name'].upper(),
                          home=home)
        self.assertEqual((answer['intent'], len(answer['items'])), ('which_sample', 2))

    # --- hostile ---------------------------------------------------------------------------

    def survives(self, question):
        """It is answered in well-formed text; nothing reaches the terminal as it is."""
        for sample in ([], ['--sample', CAPE_MD5]):
            out, err = self.run_assay('ask', '--trace', *sample, '--', question)
            text = out.decode('utf-8', 'strict')
            self.assertEqual(err, '')
            self.assertFalse({c for c in text if c != '\n' and (ord(c) < 32 or ord(c) == 127)})
            self.assertFalse(set(text) & set('\u202e\u2066\u200b\u061c\x9b'))
            out, _ = self.run_assay('ask', '--json', *sample, '--', question)
            self.valid(json.loads(out))

    def test_hostile_questions(self):
        for question in (b'\xff\xfe\xc0\x80\xed\xa0\x80 which files', b'\x80', b'\xf4\x90\x80\x80',
                         '\x1b[31mred\x1b]0;title\x07 files\u202egpj.exe', '\x01\x02\x7f\x9b',
                         '"', "'", '" OR 1=1 --', 'NEAR("a" "b", 5) OR col:x*', 'a* ^b - (c', ')(',
                         '%s%n%x', '{}[]', '\\', '\\\\?\\C:\\', '-' * 300, '*', '\u200b\u2066files',
                         '../../etc/passwd', '<script>alert(1)</script>', 'files\ndropped\r\n?',
                         '谁' * 1000, '👾' * 500, 'a ' * 2000, '"' * 4000, '1' * 4096,
                         'which which which did did drop drop not not', '?', ' ', '\u3000'):
            with self.subTest(question):
                self.survives(question)

    def test_a_question_that_is_none(self):
        for question, words in (('', 'there is no question'), ('x' * 10240, 'at most 4096')):
            out, err = self.run_assay('ask', question, status=2)
            self.assertEqual(out, b'')
            self.assertRegex(err, rf'\Aassay: error: [^\n]*{words}[^\n]*\n\Z')
        self.run_assay('ask', status=2)

    def test_a_hostile_sample(self):
        for sample in ('\x1b[31m', '#0', '#99999999999999999999', "' OR 1=1 --", '*', '%',
                       b'\xff\xfe', 'a' * 5000, '"'):
            out, err = self.run_assay('ask', '--json', '--sample', sample, 'Which files?')
            self.assertEqual(err, '')
            self.assertEqual(self.valid(json.loads(out))['intent'], 'no_sample')

    # --- stores ----------------------------------------------------------------------------

    def test_no_store_and_an_empty_one(self):
        _, err = self.run_assay('ask', 'Which files?', home=self.dir / 'none', status=1)
        self.assertRegex(err, r"\Aassay: error: [^\n]*assay add[^\n]*\n\Z")
        self.assertFalse((self.dir / 'none').exists())
        home = self.dir / 'empty'
        shutil.copytree(self.home, home)
        self.run_assay('rm', CAPE_MD5, CUCKOO_MD5, home=home)
        for question in ('Which files did it drop?', '释放了哪些文件？'):
            answer = self.ask(question, home=home)
            self.assertEqual((answer['intent'], answer['answerable']), ('no_sample', False))
        for question in ('Which samples dropped files?', 'How many samples are there?'):
            self.assertEqual(self.values(question, home=home), [])

    def test_a_store_that_cannot_be_written(self):
        options = {'user': NOBODY, 'group': NOBODY} if os.geteuid() == 0 else {}
        home = self.dir / 'sealed'
        shutil.copytree(self.home, home)
        self.dir.chmod(0o755)
        for path in [home, *home.rglob('*')]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            before = sorted((str(p), p.stat().st_mtime_ns) for p in home.rglob('*'))
            try:
                sealed = self.ask('Which files were dropped?', CAPE_MD5, home=home, **options)
            except PermissionError:
                self.skipTest('nobody may not run the program where it lies')
            self.assertEqual(sealed, self.ask('Which files were dropped?', CAPE_MD5))
            self.assertEqual(sorted((str(p), p.stat().st_mtime_ns) for p in home.rglob('*')),
                             before)
        finally:
            for path in [home, *home.rglob('*')]:
                if path.is_dir():
                    path.chmod(0o755)

    def test_a_lost_report_is_told(self):
        home = self.dir / 'lost'
        shutil.copytree(self.home, home)
        for blob in home.glob('blobs/*/*'):
            blob.unlink()
        answer = self.ask('Which files were dropped?', CAPE_MD5, home=home)
        self.assertEqual(len(answer['items']), len(CAPE['dropped']))
        self.assertFalse(answer['complete'])
        self.assertEqual({c['quote'] for c in answer['citations']}, {''})


class Known(Case):
    """Real reports."""

    def setUp(self):
        if not REAL.is_dir():
            self.skipTest('no real reports: set ASSAY_DATA')

    def test_the_public_questions_are_all_right(self):
        self.run_assay('add', *map(str, sorted(REAL.glob('*.json'))))
        with open(REAL / 'questions.tsv', encoding='utf-8', newline='') as f:
            rows = list(csv.DictReader(f, delimiter='\t'))
        self.assertEqual(len(rows), 23)
        for row in rows:
            with self.subTest(row['question'], sample=row['sample_md5']):
                self.judge(self.ask(row['question'], row['sample_md5']), row['expected'])

    def judge(self, answer, expected):
        if expected == 'UNANSWERABLE':
            self.assertFalse(answer['answerable'])
            self.assertIsNone(answer['truth'])
            return
        self.assertTrue(answer['answerable'])
        if expected in ('True', 'False'):
            self.assertIs(answer['truth'], expected == 'True')
            return
        # Each expected value is part of one item, and there are no other items.
        wanted = json.loads(expected.replace("'", '"'))
        texts = [(i['value'] + ' ' + i['text']).casefold() for i in answer['items']]
        self.assertEqual(len(texts), len(wanted), answer['answer'])
        for value in wanted:
            self.assertTrue([t for t in texts if value.casefold() in t], (value, texts))

    def test_enough_of_our_own_questions_are_right(self):
        out, err = self.run_assay('eval', 'ask', '--data', str(DATA), '--fail-under', '85',
                                  status=None, cwd=ROOT)
        self.assertEqual(err, '', out.decode()[-2000:])


if __name__ == '__main__':
    unittest.main(verbosity=1, argv=sys.argv)
