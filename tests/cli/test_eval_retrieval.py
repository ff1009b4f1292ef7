#!/usr/bin/env python3
"""`assay eval retrieval` as a user would run it: on the example reports here and on a
collection of four texts; the figures are worked out again from the ranks."""
import json
import math
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))

MD5 = '323dcbb5651249a0bc8f8ab8d4998fe8'
RUN = [{'section': 'run', 'contains': ['The report was written by CAPE']}]
QUESTIONS = [
    {'id': 'x-1', 'lang': 'en', 'kind': 'lexical', 'scope': 'store',
     'question': f'Which sample has the hash {MD5}?',
     'relevant': [{'section': 'identity', 'contains': ['MD5', MD5]}]},
    {'id': 'x-2', 'split': 'test', 'lang': 'zh', 'kind': 'lexical',
     'question': '样本的哈希值是什么？', 'relevant': [{'section': 'identity', 'contains': [MD5]}]},
    {'id': 'y-1', 'lang': 'en', 'kind': 'paraphrase', 'question': 'zzz qqq', 'relevant': RUN},
]
TEXTS = '.I 1\n.T\nt\n.W\nwing flutter at speed\n.I 2\n.W\nheat in slabs\n' \
        '.I 3\n.W\nflutter of a plate\n.I 4\n.W\n\n'


class Retrieval(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='assay-eval-'))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        (self.dir / 'data' / 'reports').mkdir(parents=True)
        (self.dir / 'tmp').mkdir()
        shutil.copy(ROOT / 'examples' / 'cape-report.json', self.dir / 'data' / 'reports')
        self.file = self.write('some.jsonl', QUESTIONS)

    def write(self, name, questions):
        base = {'split': 'dev', 'scope': 'report', 'report': 'cape-report.json'}
        path = self.dir / name
        path.write_text(''.join(json.dumps({**base, **q}) + '\n' for q in questions))
        return path

    def collection(self, texts=TEXTS, queries='.I 7\n.W\nflutter\n.I 9\n.W\nslabs ?\n',
                   judgements='1 1 3\n1 3 1\n2 2 2\n2 1 5\n'):
        folder = self.dir / 'data' / 'benchmarks' / 'cranfield'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'cran.all.1400').write_text(texts)
        (folder / 'cran.qry').write_text(queries)
        (folder / 'cranqrel').write_text(judgements)

    def run_assay(self, *args, status=0, data=True):
        env = dict(os.environ, LC_ALL='C.UTF-8', TERM='dumb', TMPDIR=str(self.dir / 'tmp'))
        env.pop('ASSAY_DATA', None)
        if data:
            env['ASSAY_DATA'] = str(self.dir / 'data')
        done = subprocess.run([BIN, 'eval', 'retrieval', *map(str, args)], capture_output=True,
                              env=env, check=False, timeout=120, cwd=self.dir)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        self.assertEqual(list((self.dir / 'tmp').iterdir()), [])
        return done.stdout.decode(), done.stderr.decode()

    def fails(self, line, *args, **options):
        out, err = self.run_assay(*args, **options)
        self.assertEqual(out, '')
        self.assertRegex(err, rf'\Aassay: error: {line}\n\Z')

    def document(self, *args):
        found = json.loads(self.run_assay('--json', *args)[0])
        if jsonschema:
            name = ROOT / 'docs' / 'schema' / 'eval-retrieval.schema.json'
            schema = json.loads(name.read_text(encoding='utf-8'))
            jsonschema.Draft202012Validator.check_schema(schema)
            for error in jsonschema.Draft202012Validator(schema).iter_errors(found):
                self.fail(f'{error.json_path}: {error.message[:200]}')
        return found

    def test_relevant_passages_are_found_and_counted(self):
        found = self.document(self.file)
        self.assertEqual((found['set'], found['encoder'], found['questions']),
                         ('judged', None, 3))
        self.assertEqual([r['id'] for r in found['results']], ['x-1', 'x-2', 'y-1'])
        first, second, last = found['results']
        self.assertEqual(set(first['ranks']), {'exact', 'bm25', 'child', 'all but dense'})
        self.assertTrue(first['ranks']['exact'])
        self.assertEqual(second['ranks']['exact'], [])
        self.assertTrue(second['ranks']['bm25'])
        self.assertEqual(last['ranks']['bm25'], [])
        self.assertEqual([(g['lang'], g['kind'], g['questions']) for g in found['groups']],
                         [(None, None, 3), ('en', None, 2), ('zh', None, 1),
                          (None, 'lexical', 2), (None, 'paraphrase', 1), ('en', 'lexical', 1),
                          ('en', 'paraphrase', 1), ('zh', 'lexical', 1)])

    def test_figures_follow_from_the_ranks(self):
        found = self.document(self.file)
        for figures in found['groups'][0]['figures']:
            results = [(r['ranks'][figures['routes']], r['relevant']) for r in found['results']]
            recall = [sum(k <= 5 for k in ranks) / n for ranks, n in results]
            first = [1 / ranks[0] if ranks and ranks[0] <= 10 else 0 for ranks, _ in results]
            ndcg = [sum(1 / math.log2(k + 1) for k in ranks if k <= 10) /
                    sum(1 / math.log2(k + 2) for k in range(min(n, 10))) for ranks, n in results]
            for key, values in (('recall_5', recall), ('mrr_10', first), ('ndcg_10', ndcg)):
                self.assertAlmostEqual(figures[key]['mean'], sum(values) / 3, places=3)
                self.assertLessEqual(figures[key]['low'], figures[key]['mean'] + 1e-4)
                self.assertGreaterEqual(figures[key]['high'], figures[key]['mean'] - 1e-4)

    def test_a_collection_goes_through_the_same_index(self):
        self.collection()
        found = self.document('--corpus', 'cranfield')
        self.assertEqual((found['set'], found['questions'], found['relevant']),
                         ('cranfield', 2, 3))
        self.assertEqual(len(found['groups']), 1)
        self.assertEqual([r['id'] for r in found['results']], ['cranfield-1', 'cranfield-2'])
        self.assertEqual([r['ranks']['bm25'] for r in found['results']], [[1, 2], [1]])

    def test_text_has_a_table_for_each_group(self):
        out, err = self.run_assay(self.file)
        self.assertEqual(err, '')
        for line in ('All questions (3)', 'Chinese (1)', 'Paraphrased (1)', 'all but dense',
                     '3 questions, ', 'encoder: none; weights: exact 3, bm25 1, dense 1, '
                     'child 0.7'):
            self.assertIn(line, out)

    def test_weights_and_questions_are_chosen(self):
        found = self.document('--weights', 'bm25=2.5,exact=0', '--split', 'dev', '--only', 'x-',
                              self.file)
        self.assertEqual([r['id'] for r in found['results']], ['x-1'])
        self.assertEqual(found['weights'],
                         {'exact': 0, 'bm25': 2.5, 'dense': 1, 'child': 0.7})

    def test_a_store_is_kept_on_demand(self):
        kept = self.dir / 'stores'
        kept.mkdir()
        first = self.document('--store', kept, self.file)
        self.assertEqual(len(list(kept.iterdir())), 1)
        self.assertEqual(self.document('--store', kept, self.file), first)

    def test_wrong_uses_are_refused(self):
        self.fails("'eval retrieval' has no option '--no-variants'", '--no-variants', self.file,
                   status=2)
        for bad in ('x=1', 'bm25', 'bm25=', 'bm25=x', 'bm25=-1', 'bm25=nan', 'bm25=1001',
                    'bm25=1,', 'bm25=1;exact=2'):
            self.fails('--weights wants .*', f'--weights={bad}', self.file, status=2)
        self.fails('--corpus has its own questions, .*', '--corpus', 'cranfield', self.file,
                   status=2)
        self.fails('where the reports are is not told: .*', self.file, status=4, data=False)
        self.fails('there is no such question', '--only', 'z', self.file, status=1)
        self.fails(r'no file of questions is named, .*', status=2)

    def test_bad_questions_are_refused(self):
        bad = self.write('bad.jsonl', [{**QUESTIONS[0], 'relevant': []}])
        self.fails(r".*bad.jsonl: byte \d+: 'relevant' is not a list with anything in it", bad,
                   status=3)
        bad = self.write('bad.jsonl', [{**QUESTIONS[0], 'report': 'none.json'}])
        self.fails('a report that is asked about cannot be read: .*', bad, status=4)
        bad = self.write('bad.jsonl', [{**QUESTIONS[0], 'relevant': [
            {'section': 'identity', 'contains': ['not there']}]}])
        self.fails("no passage fits what is judged relevant to question 'x-1'", bad, status=3)

    def test_a_bad_collection_is_refused(self):
        self.fails('there are no benchmarks/cranfield: .*', '--corpus', 'cranfield', status=4)
        self.collection(judgements='1 9 1\n')
        self.fails('.*there is no query 1 or no text 9', '--corpus', 'cranfield', status=3)
        self.collection(texts='text\n')
        self.fails(".*a record begins with a line '.I n'", '--corpus', 'cranfield', status=3)


if __name__ == '__main__':
    unittest.main()
