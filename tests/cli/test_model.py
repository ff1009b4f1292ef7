#!/usr/bin/env python3
"""assay model: pulled from a hub on this machine that behaves and misbehaves, imported from
folders and archives that mean well and ill, listed, verified, removed."""
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.hub import COMMIT, Hub, Server, send

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))


def safetensors(seed, n=20000):
    body = hashlib.sha512(seed.encode()).digest() * (n // 64)
    head = json.dumps({'t': {'dtype': 'U8', 'shape': [len(body)],
                             'data_offsets': [0, len(body)]}}).encode()
    return struct.pack('<Q', len(head)) + head + body


CONFIG = json.dumps({'model_type': 'bert', 'hidden_size': 48}).encode()
TINY = {
    'README.md': b'---\nlanguage: en\nlicense: apache-2.0\n---\n# tiny\n',
    'config.json': CONFIG,
    'tokenizer.json': b'{"model": {"type": "WordPiece", "vocab": {}}}',
    'model.safetensors': safetensors('a', 400000),
    'pytorch_model.bin': b'PK\3\4' + b'x' * 30000,
    'onnx/model.onnx': b'\x08' + b'y' * 30000,
    '1_Pooling/config.json': b'{"pooling_mode_mean_tokens": true}',
}
TAKEN = {'README.md', 'config.json', 'tokenizer.json', 'model.safetensors',
         '1_Pooling/config.json'}


def zip_of(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, body in files.items():
            z.writestr(name, body)
    return out.getvalue()


class Case(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp())
        self.home = self.tmp / 'home'
        self.models = self.home / 'models'
        self.env = {k: v for k, v in os.environ.items()
                    if 'proxy' not in k.lower() and not k.startswith(('HF_', 'ASSAY_'))}
        self.env.update(HOME=str(self.tmp), ASSAY_HOME=str(self.home),
                        XDG_CONFIG_HOME=str(self.tmp / 'config'))

    def tearDown(self):
        shutil.rmtree(self.tmp)

    def run_model(self, *args, status=0, **env):
        done = subprocess.run([BIN, 'model', *map(str, args)], capture_output=True, check=False,
                              env={**self.env, **env}, timeout=120)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def json_of(self, name, *args, **kw):
        out = json.loads(self.run_model(*args, '--json', **kw)[0])
        if jsonschema:
            schema = json.loads((ROOT / 'docs' / 'schema' / f'{name}.schema.json').read_text())
            jsonschema.Draft202012Validator(schema).validate(out)
        return out

    def files_of(self, name):
        top = self.models / name
        return {p.relative_to(top).as_posix(): p.read_bytes()
                for p in top.rglob('*') if p.is_file()}

    def leftovers(self):
        return sorted(p.name for p in self.models.glob('.*')) if self.models.exists() else []


class Pull(Case):
    def setUp(self):
        super().setUp()
        self.hub = Hub(TINY)
        self.env['HF_ENDPOINT'] = self.hub.url

    def tearDown(self):
        self.hub.close()
        super().tearDown()

    def check_there(self, name='tiny-model'):
        files = self.files_of(name)
        manifest = json.loads(files.pop('assay-model.json'))
        self.assertEqual(set(files), TAKEN)
        for path, body in files.items():
            self.assertEqual(body, TINY[path], path)
        self.assertEqual(manifest['source'], 'owner/tiny-model')
        self.assertEqual(manifest['revision'], COMMIT)
        self.assertEqual({f['path']: f['sha256'] for f in manifest['files']},
                         {p: hashlib.sha256(b).hexdigest() for p, b in files.items()})
        self.assertEqual(self.leftovers(), [])
        self.run_model('verify', name)

    def test_a_model_comes_whole_and_the_second_time_is_known(self):
        out, err = self.run_model('pull', 'owner/tiny-model')
        self.assertIn('licence mit', out)
        self.assertIn('licence: mit', err)
        self.check_there()
        self.assertTrue(self.run_model('pull', 'owner/tiny-model')[0].startswith('known'))
        self.run_model('pull', 'owner/tiny-model', ASSAY_OFFLINE='1')
        row, = self.json_of('model-list', 'list')['installed']
        self.assertEqual((row['dim'], row['licence'], row['state']), (48, 'mit', 'whole'))

    def test_json_and_another_name(self):
        made = self.json_of('model-added', 'pull', f'owner/tiny-model@{COMMIT}', '--name', 'x')
        self.assertEqual((made['action'], made['name']), ('pulled', 'x'))
        self.check_there('x')

    def test_a_listing_of_pages_is_read_to_its_end(self):
        self.hub.link_pages = True
        self.run_model('pull', 'owner/tiny-model')
        self.check_there()

    def test_what_breaks_off_goes_on_where_it_was(self):
        self.hub.cut_after = {'model.safetensors': 2, 'config.json': 1}
        self.run_model('pull', 'owner/tiny-model')
        self.check_there()
        ranges = [h['Range'] for p, h in self.hub.cdn.seen if 'Range' in h]
        self.assertEqual(len(ranges), 2, ranges)
        self.assertTrue(all('If-Range' in h for p, h in self.hub.cdn.seen if 'Range' in h))

    def test_a_later_call_goes_on_with_what_an_earlier_left(self):
        self.hub.cut_after = {'model.safetensors': 100}
        done = self.run_model('pull', 'owner/tiny-model', status=4)
        self.assertIn('error', done[1])
        self.assertEqual(self.leftovers(), ['.tiny-model.part'])
        self.assertFalse((self.models / 'tiny-model').exists())
        self.assertIn('partial', self.run_model('list')[0])
        self.hub.cut_after = {}
        before = len(self.hub.cdn.seen)
        self.assertIn('going on', self.run_model('pull', 'owner/tiny-model')[1])
        self.assertIn('Range', self.hub.cdn.seen[before][1])
        self.check_there()

    def test_a_part_of_another_commit_is_not_gone_on_with(self):
        self.hub.cut_after = {'model.safetensors': 100}
        self.run_model('pull', 'owner/tiny-model', status=4)
        self.hub.cut_after = {}
        self.hub.commit = 'b' * 40
        self.run_model('pull', 'owner/tiny-model')
        self.assertEqual(json.loads(self.files_of('tiny-model')['assay-model.json'])['revision'],
                         'b' * 40)
        self.hub.commit = 'c' * 40
        self.assertIn('already', self.run_model('pull', 'owner/tiny-model', status=2)[1])

    def test_a_server_without_ranges_and_a_file_that_changed(self):
        self.hub.cut_after = {'model.safetensors': 1}
        self.hub.no_range = True
        self.run_model('pull', 'owner/tiny-model')
        self.check_there()

    def test_other_bytes_are_refused(self):
        self.hub.lies['model.safetensors'] = safetensors('b', 400000)
        err = self.run_model('pull', 'owner/tiny-model', status=3)[1]
        self.assertIn('SHA-256', err)
        self.assertFalse((self.models / 'tiny-model').exists())
        self.hub.lies = {'config.json': CONFIG.replace(b'48', b'49')}
        self.assertIn('blob', self.run_model('pull', 'owner/tiny-model', '--name', 'y',
                                             status=3)[1])
        self.run_model('rm', 'y')
        self.hub.lies = {}
        self.run_model('pull', 'owner/tiny-model')
        self.check_there()

    def test_another_size_is_refused(self):
        for body in (TINY['model.safetensors'] + b'x', TINY['model.safetensors'][:-1]):
            self.hub.lies['model.safetensors'] = body
            self.assertIn('announced', self.run_model('pull', 'owner/tiny-model', status=3)[1])

    def test_failures_that_pass_are_tried_again(self):
        self.hub.fail = [503, 429]
        self.hub.retry_after = 1
        began = time.monotonic()
        self.run_model('pull', 'owner/tiny-model')
        self.assertGreater(time.monotonic() - began, 1.9)
        self.check_there()

    def test_patience_has_an_end(self):
        self.hub.fail = [429]
        self.hub.retry_after = 86400
        self.assertIn('429', self.run_model('pull', 'owner/tiny-model', status=4)[1])

    def test_what_is_not_there_and_what_wants_a_token(self):
        self.assertIn('no \'owner/other\'', self.run_model('pull', 'owner/other', status=1)[1])
        self.hub.token = 'hf_secret'
        err = self.run_model('pull', 'owner/tiny-model', status=3)[1]
        self.assertIn('HF_TOKEN', err)
        self.run_model('pull', 'owner/tiny-model', HF_TOKEN='hf_secret')
        self.check_there()
        self.assertTrue(self.hub.cdn.seen)
        for path, headers in self.hub.cdn.seen:
            self.assertNotIn('Authorization', headers)

    def test_a_token_in_a_file_that_others_may_read_is_refused(self):
        token = self.tmp / 'token'
        token.write_text('hf_secret\n')
        token.chmod(0o644)
        self.hub.token = 'hf_secret'
        err = self.run_model('pull', 'owner/tiny-model', status=2, HF_TOKEN_PATH=str(token))[1]
        self.assertIn('chmod 600', err)
        token.chmod(0o600)
        self.run_model('pull', 'owner/tiny-model', HF_TOKEN_PATH=str(token))
        self.check_there()

    def test_offline_nothing_is_asked(self):
        for name in ('ASSAY_OFFLINE', 'HF_HUB_OFFLINE'):
            err = self.run_model('pull', 'owner/tiny-model', status=4, **{name: '1'})[1]
            self.assertIn('offline', err)
        self.assertEqual(self.hub.hub.seen, [])

    def test_a_type_that_is_not_run_costs_no_weights(self):
        self.hub.files['config.json'] = b'{"model_type": "qwen3"}'
        self.assertIn('qwen3', self.run_model('pull', 'owner/tiny-model', status=3)[1])
        self.assertEqual(self.hub.cdn.seen, [])

    def test_without_safetensors_the_next_form_is_taken(self):
        del self.hub.files['model.safetensors']
        self.run_model('pull', 'owner/tiny-model')
        self.assertIn('pytorch_model.bin', self.files_of('tiny-model'))
        del self.hub.files['pytorch_model.bin']
        self.run_model('rm', 'tiny-model')
        self.run_model('pull', 'owner/tiny-model')
        self.assertIn('model.onnx', self.files_of('tiny-model'))

    def test_the_cache_is_taken_without_the_network(self):
        cache = self.tmp / 'hub' / 'models--owner--tiny-model'
        shot = cache / 'snapshots' / COMMIT
        for path, body in TINY.items():
            blob = cache / 'blobs' / hashlib.sha256(body).hexdigest()
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(body)
            (shot / path).parent.mkdir(parents=True, exist_ok=True)
            (shot / path).symlink_to(blob)
        (cache / 'refs').mkdir()
        (cache / 'refs' / 'main').write_text(COMMIT)
        err = self.run_model('pull', 'owner/tiny-model', HF_HUB_CACHE=str(self.tmp / 'hub'),
                             ASSAY_OFFLINE='1')[1]
        self.assertIn('cache', err)
        self.assertEqual(self.hub.hub.seen, [])
        self.check_there()

    def test_names_that_are_none(self):
        for spec in ('nothing', 'a/b/c', '../x', 'a/b@../c', 'a/b@', '/etc/passwd'):
            self.run_model('pull', spec, status=2)
        self.run_model('pull', 'owner/tiny-model', '--name', '../x', status=2)

    def test_killed_in_the_middle_it_goes_on(self):
        self.hub.files['model.safetensors'] = safetensors('k', 30000000)
        env = {**self.env}
        for wait in (0.02, 0.05, 0.1):
            child = subprocess.Popen([BIN, 'model', 'pull', 'owner/tiny-model'], env=env,
                                     stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            time.sleep(wait)
            child.send_signal(signal.SIGKILL)
            child.wait()
        self.run_model('pull', 'owner/tiny-model')
        self.run_model('verify', 'tiny-model')
        self.assertEqual(self.leftovers(), [])

    def test_a_hub_that_sends_us_elsewhere(self):
        for where in ('file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://a:b@127.0.0.1/', ''):
            bad = Server(lambda h, where=where: send(h, 302, b'', Location=where))
            self.run_model('pull', 'owner/tiny-model', status=3, HF_ENDPOINT=bad.url)
            bad.close()
        loop = Server(lambda h: send(h, 302, b'', Location=h.path))
        self.assertIn('redirects', self.run_model('pull', 'owner/tiny-model', status=3,
                                                  HF_ENDPOINT=loop.url)[1])
        loop.close()

    def test_answers_that_are_no_listing(self):
        for body in (b'', b'<html>', b'[1]', b'{"sha": 3}', b'[' * 3000, b'{"sha": "../.."}'):
            bad = Server(lambda h, body=body: send(h, 200, body))
            self.run_model('pull', 'owner/tiny-model', status=3, HF_ENDPOINT=bad.url)
            bad.close()


class Import(Case):
    def archive(self, name, files):
        path = self.tmp / name
        path.write_bytes(zip_of(files))
        return path

    def refused(self, path, word, status=3):
        err = self.run_model('import', path, status=status)[1]
        self.assertIn(word, err)
        self.assertEqual(list(self.models.glob('*')) if self.models.exists() else [], [])
        self.assertEqual(self.leftovers(), [])
        return err

    def test_archives_of_all_kinds(self):
        files = {'pkg/model/' + k: v for k, v in TINY.items()}
        self.archive('tiny.zip', files)
        shutil.copy(self.tmp / 'tiny.zip', self.tmp / 'tiny2.whl')
        for suffix, mode in (('tar', 'w'), ('tar.gz', 'w:gz'), ('tar.xz', 'w:xz')):
            with tarfile.open(self.tmp / f'tiny.{suffix}', mode) as t:
                for name, body in files.items():
                    info = tarfile.TarInfo('./' + name)
                    info.size = len(body)
                    t.addfile(info, io.BytesIO(body))
        for i, name in enumerate(['tiny.zip', 'tiny2.whl', 'tiny.tar', 'tiny.tar.gz', 'tiny.tar.xz']):
            made = self.json_of('model-added', 'import', self.tmp / name, '--name', f'm{i}')
            self.assertEqual({f['path'] for f in made['files']}, TAKEN)
            self.assertEqual(made['licence'], 'apache-2.0')
            self.run_model('verify', f'm{i}')
        self.run_model('import', self.tmp / 'tiny.zip')
        self.assertTrue((self.models / 'pkg').is_dir())

    def test_a_jar_with_names_of_its_own(self):
        onnx = b'\x08\x07' + b'z' * 500
        self.archive('x.jar', {'bge-small-zh-v1.5.onnx': onnx, 'META-INF/MANIFEST.MF': b'x',
                               'bge-small-zh-v1.5-tokenizer.json': b'{}'})
        err = self.run_model('import', self.tmp / 'x.jar')[1]
        self.assertIn('took bge-small-zh-v1.5.onnx as model.onnx', err)
        self.assertEqual(self.files_of('bge-small-zh-v1.5')['model.onnx'], onnx)
        row, = self.json_of('model-list', 'list', ASSAY_ENCODER_MODEL='bge-small-zh-v1.5')[
            'installed']
        self.assertEqual((row['in_force'], row['dim'], row['languages']), (True, 512, 'zh'))

    def test_folders_and_single_files(self):
        folder = self.tmp / 'my-model'
        for path, body in TINY.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body)
        self.run_model('import', folder)
        self.assertEqual(set(self.files_of('my-model')), TAKEN | {'assay-model.json'})
        self.run_model('import', folder / 'onnx' / 'model.onnx', '--name', 'o', status=3)
        shutil.copy(folder / 'tokenizer.json', folder / 'onnx' / 'tokenizer.json')
        self.run_model('import', folder / 'onnx' / 'model.onnx', '--name', 'o')
        self.assertIn('model.onnx', self.files_of('o'))
        (folder / 'onnx' / 'tokenizer.json').unlink()
        self.run_model('import', folder, status=2)

    def test_none_and_several(self):
        self.refused(self.archive('a.zip', {'a.txt': b'x'}), 'looked for')
        self.refused(self.archive('b.zip', {'a/model.safetensors': safetensors('a')}), 'missing')
        two = {f'{d}/{k}': v for d in 'ab' for k, v in TINY.items()}
        err = self.refused(self.archive('c.zip', two), '2 models')
        self.assertIn('a/model.safetensors', err)
        self.refused(self.archive('d.zip', {'adapter_model.safetensors': safetensors('a'),
                                            'tokenizer.json': b'{}', 'config.json': CONFIG}),
                     'looked for')

    def test_entries_that_would_leave_the_folder(self):
        path = self.archive('evil.zip', {'../../evil': b'x', '/tmp/assay-evil': b'x',
                                         '..\\evil': b'x', '../model.safetensors': b'x',
                                         **{'m/' + k: v for k, v in TINY.items()}})
        self.assertIn('passed over', self.run_model('import', path)[1])
        self.assertEqual(set(self.files_of('m')), TAKEN | {'assay-model.json'})
        self.assertFalse((self.tmp / 'evil').exists() or pathlib.Path('/tmp/assay-evil').exists())

    def test_links_in_an_archive_are_not_taken(self):
        path = self.tmp / 'link.tar'
        with tarfile.open(path, 'w') as t:
            for name, body in TINY.items():
                info = tarfile.TarInfo('m/' + name)
                if name == 'tokenizer.json':
                    info.type, info.linkname = tarfile.SYMTYPE, '/etc/passwd'
                    t.addfile(info)
                    continue
                info.size = len(body)
                t.addfile(info, io.BytesIO(body))
        self.refused(path, 'missing')

    def test_links_out_of_a_folder_are_not_followed(self):
        folder = self.tmp / 'f'
        folder.mkdir()
        (folder / 'model.safetensors').write_bytes(TINY['model.safetensors'])
        (folder / 'config.json').write_bytes(CONFIG)
        (folder / 'vocab.txt').symlink_to('/etc/passwd')
        self.refused(folder, 'missing')

    def test_a_bomb_is_put_down(self):
        path = self.tmp / 'bomb.zip'
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('config.json', CONFIG)
            z.writestr('tokenizer.json', b'{}')
            with z.open('model.safetensors', 'w', force_zip64=True) as f:
                f.write(struct.pack('<Q', 1 << 20) + b'{')
                for _ in range(200):
                    f.write(bytes(1 << 20))
        self.refused(path, 'times its size')

    def test_what_is_damaged(self):
        whole = zip_of({'m/' + k: v for k, v in TINY.items()})
        for cut in (100, len(whole) // 2, len(whole) - 10):
            path = self.tmp / 'cut.zip'
            path.write_bytes(whole[:cut])
            self.run_model('import', path, status=3)
            self.assertEqual(self.leftovers(), [])
        for body, word in ((b'version https://git-lfs.github.com/spec/v1\noid x\n', 'git-lfs'),
                           (b'<html>nothing</html>', 'begin')):
            self.refused(self.archive('w.zip', {**TINY, 'model.safetensors': body}), word)
        self.refused(self.archive('t.zip', {**TINY, 'config.json': b'{"model_type": "llama"}'}),
                     'llama')
        self.refused(self.archive('j.zip', {**TINY, 'config.json': b'{'}), 'config.json')

    def test_a_disk_that_is_full_leaves_nothing(self):
        path = self.archive('tiny.zip', {'m/' + k: v for k, v in TINY.items()})
        done = subprocess.run(['bash', '-c', f'ulimit -f 100; exec {BIN} model import {path}'],
                              env=self.env, capture_output=True, check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(self.leftovers(), [])


class Keep(Case):
    def setUp(self):
        super().setUp()
        path = self.tmp / 'tiny.zip'
        path.write_bytes(zip_of({'m/' + k: v for k, v in TINY.items()}))
        self.run_model('import', path)

    def state(self):
        out = self.json_of('model-verify', 'verify', 'm', status=3)
        return {f['path']: f['state'] for f in out['files'] if f['state'] != 'whole'}

    def test_every_kind_of_damage_is_told(self):
        top = self.models / 'm'
        body = bytearray((top / 'model.safetensors').read_bytes())
        body[-1] ^= 1
        (top / 'model.safetensors').write_bytes(body)
        (top / 'config.json').write_bytes(b'{}')
        (top / 'README.md').unlink()
        (top / 'vocab.txt').write_text('planted')
        (top / '1_Pooling' / 'x').write_text('planted')
        self.assertEqual(self.state(), {
            'model.safetensors': 'hash', 'config.json': 'size', 'README.md': 'missing',
            'vocab.txt': 'unlisted', '1_Pooling/x': 'unlisted'})

    def test_a_manifest_that_lies(self):
        path = self.models / 'm' / 'assay-model.json'
        good = json.loads(path.read_text())
        for spoil in (lambda m: m['files'].append({'path': '../../x', 'size': 1,
                                                   'sha256': 'a' * 64}),
                      lambda m: m.update(schema='x'), lambda m: m.update(files=[]),
                      lambda m: m['files'].append(dict(m['files'][0])),
                      lambda m: m['files'][0].update(sha256='zz'), lambda m: m.update(name='..')):
            bad = json.loads(json.dumps(good))
            spoil(bad)
            path.write_text(json.dumps(bad))
            self.run_model('verify', 'm', status=3)
            self.assertIn('damaged', self.run_model('list')[0])
        for cut in range(0, len(json.dumps(good)), 7):
            path.write_text(json.dumps(good)[:cut])
            self.run_model('verify', 'm', status=1 if cut == 0 else 3)

    def test_removing(self):
        outside = self.tmp / 'outside'
        outside.mkdir()
        (outside / 'kept').write_text('x')
        (self.models / 'm' / 'link').symlink_to(outside)
        self.json_of('model-removed', 'rm', 'm')
        self.assertEqual(list(self.models.iterdir()), [])
        self.assertTrue((outside / 'kept').exists())
        for name in ('m', '..', '.', '', 'a/b'):
            self.run_model('rm', name, status=1)

    def test_words_that_are_missing_or_too_many(self):
        self.run_model('list', 'x', status=2)
        self.run_model('pull', status=2)
        self.run_model('nothing', status=2)

    def test_the_configuration(self):
        (self.tmp / 'config' / 'assay').mkdir(parents=True)
        ini = self.tmp / 'config' / 'assay' / 'config.ini'
        ini.write_text('passwords = a, b\nencoder.model = m\nencoder.threads = 2\n')
        out, err = self.run_model('list')
        self.assertRegex(out, r'(?m)^\*  m ')
        self.assertEqual(err, '')
        ini.write_text('encoder.precision = f8\n')
        self.assertIn('f32', self.run_model('list', status=2)[1])
        ini.write_text(f'encoder.model = {self.models}/m\n')
        self.assertRegex(self.run_model('list')[0], r'(?m)^\*  m ')


if __name__ == '__main__':
    unittest.main()
