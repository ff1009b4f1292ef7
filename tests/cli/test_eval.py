#!/usr/bin/env python3
"""`assay eval ask` as a user would run it: on the example reports here, with questions that
are right and wrong by themselves; on the real reports in tests/cli/test_ask.py."""
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

MD5 = 'What is the MD5 of this sample?'
QUESTIONS = [
    {'id': 'x-1', 'split': 'dev', 'category': 'identity', 'lang': 'en', 'question': MD5,
     'variants': ['md5?', '样本的 MD5 是什么？'], 'answerable': True,
     'items': [['323dcbb5651249a0bc8f8ab8d4998fe8']]},
    {'id': 'x-2', 'split': 'test', 'category': 'count', 'lang': 'zh', 'variants': [],
     'question': '样本的 MD5 是什么？', 'answerable': True, 'items': [['\x1b[31mno hash']]},
    {'id': 'y-1', 'split': 'test', 'lang': 'en', 'variants': [], 'question': MD5,
     'answerable': False, 'items': None},
    {'id': 'y-2', 'split': 'test', 'lang': 'en', 'variants': [], 'question': 'x' * 5000,
     'answerable': False, 'items': None},
]


class Eval(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='assay-eval-'))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        (self.dir / 'data' / 'reports').mkdir(parents=True)
        (self.dir / 'tmp').mkdir()
        shutil.copy(ROOT / 'examples' / 'cape-report.json', self.dir / 'data' / 'reports')
        self.file = self.write('some.questions.jsonl', QUESTIONS)

    def write(self, name, questions):
        base = {'reports': ['cape-report.json'], 'sample': None, 'truth': None, 'count': None,
                'match': 'exact'}
        path = self.dir / name
        path.write_text(''.join(json.dumps({**base, **q}) + '\n' for q in questions))
        return path

    def run_assay(self, *args, status=0, data=True, cwd=None):
        env = dict(os.environ, LC_ALL='C.UTF-8', TERM='dumb', TMPDIR=str(self.dir / 'tmp'))
        env.pop('ASSAY_DATA', None)
        if data:
            env['ASSAY_DATA'] = str(self.dir / 'data')
        done = subprocess.run([BIN, 'eval', *map(str, args)], capture_output=True, env=env,
                              check=False, timeout=120, cwd=cwd)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        self.assertEqual(list((self.dir / 'tmp').iterdir()), [])
        return done.stdout.decode(), done.stderr.decode()

    def fails(self, line, *args, **options):
        out, err = self.run_assay(*args, **options)
        self.assertEqual(out, '')
        self.assertRegex(err, rf'\Aassay: error: {line}\n\Z')

    def document(self, *args, **options):
        found = json.loads(self.run_assay('ask', '--json', *args, **options)[0])
        if jsonschema:
            with open(ROOT / 'docs' / 'schema' / 'eval-ask.schema.json', encoding='utf-8') as f:
                schema = json.load(f)
            jsonschema.Draft202012Validator.check_schema(schema)
            for error in jsonschema.Draft202012Validator(schema).iter_errors(found):
                self.fail(f'{error.json_path}: {error.message[:200]}')
        return found

    def test_right_and_wrong_are_counted(self):
        found = self.document(self.file)
        self.assertEqual([(r['id'], r['variant'], r['right'], r['fault'])
                          for r in found['results']],
                         [('x-1', 0, True, None), ('x-1', 1, True, None), ('x-1', 2, True, None),
                          ('x-2', 0, False, 'items'), ('y-1', 0, False, 'answerable'),
                          ('y-2', 0, False, 'failed')])
        self.assertEqual((found['asked'], found['right'], found['percent']), (6, 3, 50.0))
        self.assertEqual(found['faults'],
                         {'failed': 1, 'answerable': 1, 'truth': 0, 'count': 0, 'items': 1})
        tables = {t: [(r['name'], r['right'], r['asked']) for r in found[t]]
                  for t in ('categories', 'splits', 'languages', 'variants')}
        self.assertEqual(tables, {
            'categories': [('-', 0, 2), ('count', 0, 1), ('identity', 1, 1)],
            'splits': [('dev', 1, 1), ('test', 0, 3)],
            'languages': [('en', 1, 3), ('zh', 0, 1)], 'variants': [('dev', 2, 2)]})
        self.assertLessEqual(found['median_ms'], found['worst_ms'])
        self.assertIsNone(found['results'][5]['got'])
        self.assertIn('at most 4096', found['results'][5]['why'])
        self.assertEqual(found['results'][0]['got']['items'], QUESTIONS[0]['items'][0])

    def test_the_text_says_what_is_wrong(self):
        out, err = self.run_assay('ask', self.file)
        self.assertEqual(err, '')
        self.assertNotIn('\x1b', out)
        self.assertIn("  x-2 [count] 样本的 MD5 是什么？\n      lacks '\\x1b[31mno hash'; has besides "
                      "'323dcbb5651249a0bc8f8ab8d4998fe8'; intent attribute\n", out)
        self.assertIn('\nidentity  1 of  1  100.0 %\n', out)
        self.assertIn('6 asked, 3 right, 50.0 %; faults: failed 1, answerable 1, items 1\n', out)
        self.assertNotIn('x-1', out)

    def test_some_of_the_questions(self):
        def asked(*options):
            return [(r['id'], r['variant']) for r in self.document(self.file, *options)['results']]
        self.assertEqual(asked('--split', 'dev'), [('x-1', 0), ('x-1', 1), ('x-1', 2)])
        self.assertEqual(asked('--only', 'x-', '--no-variants'), [('x-1', 0), ('x-2', 0)])
        self.assertEqual(asked('--only', 'y-2'), [('y-2', 0)])
        self.fails('there is no such question', 'ask', self.file, '--only', 'z', status=1)

    def test_a_score_may_be_too_low(self):
        self.run_assay('ask', self.file, '--fail-under', '50')
        out, err = self.run_assay('ask', self.file, '--fail-under', '51', status=1)
        self.assertIn('6 asked', out)
        self.assertEqual(err, 'assay: error: 50.0 % are right, and --fail-under wants 51\n')
        self.run_assay('ask', self.file, '--fail-under', '101', status=2)

    def test_a_store_may_be_kept(self):
        stores = self.dir / 'a' / 'stores'
        first = self.document(self.file, '--store', stores)
        kept, = stores.iterdir()
        self.assertRegex(kept.name, r'^some\.questions-[0-9a-f]{12}$')
        before = (kept / 'complete').stat().st_mtime_ns
        # Nothing is read again: what cannot be read as a report does not matter any more.
        (self.dir / 'data' / 'reports' / 'cape-report.json').write_text('no report')
        again = self.document(self.file, '--store', stores)
        self.assertEqual([r['got'] for r in again['results']], [r['got'] for r in first['results']])
        self.assertEqual((kept / 'complete').stat().st_mtime_ns, before)
        _, err = self.run_assay('ask', self.file, status=3)
        self.assertIn('cape-report.json', err)

    def test_an_interrupted_addition_is_gone_on_with(self):
        stores = self.dir / 'stores'
        self.document(self.file, '--store', stores)
        kept, = stores.iterdir()
        (kept / 'complete').unlink()
        self.assertEqual(self.document(self.file, '--store', stores)['right'], 3)
        self.assertTrue((kept / 'complete').exists())

    def test_several_files_are_one_score(self):
        other = self.write('b.jsonl', QUESTIONS[:1])
        found = self.document(self.file, other)
        self.assertEqual((found['asked'], found['right']), (9, 6))
        self.assertEqual({r['file'] for r in found['results']}, {str(self.file), str(other)})

    def test_without_a_file_those_of_the_tree_are_asked(self):
        self.fails('no file of questions is named, and there is no tests/questions/.* here; '
                   "try 'assay help eval'", 'ask', status=2, cwd=self.dir)
        (self.dir / 'tests' / 'questions').mkdir(parents=True)
        self.write('tests/questions/a.jsonl', QUESTIONS[:1])
        self.assertEqual(self.document(cwd=self.dir)['asked'], 3)

    def test_missing_data_is_one_line(self):
        self.fails("where the reports are is not told: --data DIR, or ASSAY_DATA", 'ask', self.file,
                   data=False, status=4)
        self.fails("there are no reports: '/nonexistent/reports/' is no folder", 'ask', self.file,
                   '--data', '/nonexistent', status=4)
        (self.dir / 'data' / 'reports' / 'cape-report.json').unlink()
        self.fails("a report that is asked about cannot be read: '.*cape-report.json': No such "
                   'file or directory', 'ask', self.file, status=4)
        self.assertEqual(self.document('--data', self.data_again(), self.file, data=False)['asked'],
                         6)

    def data_again(self):
        (self.dir / 'other' / 'reports').mkdir(parents=True)
        shutil.copy(ROOT / 'examples' / 'cape-report.json', self.dir / 'other' / 'reports')
        return self.dir / 'other'

    def test_bad_questions_are_refused(self):
        bad = self.dir / 'bad.jsonl'
        for text, line in (('{"id": 1}', "byte 7: 'id' is not a text"), ('{', 'byte 1: .*'),
                           ('{}', "byte 0: a question without 'id'")):
            bad.write_text(text)
            self.fails(f'.*bad.jsonl: {line}', 'ask', bad, status=3)
        self.fails(".*none.jsonl': No such file or directory", 'ask', self.dir / 'none.jsonl',
                   status=3)
        self.fails("'eval' takes 'ask' or 'retrieval', not 'x'; try 'assay help eval'", 'x', status=2)
        self.fails(r"'eval' needs ask\|retrieval .*", status=2)


if __name__ == '__main__':
    unittest.main(verbosity=1, argv=sys.argv)
