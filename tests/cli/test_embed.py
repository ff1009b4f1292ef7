#!/usr/bin/env python3
"""`assay embed`, and search by meaning, with a tiny encoder of random weights.

What the encoder computes is checked by tests/unit/encode; here are the command's forms, its
refusals, and the way of a vector into the store and out again.
"""
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
REPORT = ROOT / 'examples' / 'cape-report.json'
HIDDEN, HEADS, FFN, POSITIONS = 16, 2, 32, 24
WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'run', 'key', 'file', 'writes', '##s',
         '恶', '意', '.', 'the', 'sample', 'process', 'registry']


def tensors(rng):
    yield 'embeddings.word_embeddings.weight', (len(WORDS), HIDDEN)
    yield 'embeddings.position_embeddings.weight', (POSITIONS, HIDDEN)
    yield 'embeddings.token_type_embeddings.weight', (2, HIDDEN)
    for part in ('weight', 'bias'):
        yield f'embeddings.LayerNorm.{part}', (HIDDEN,)
        for name in ('attention.output', 'output'):
            yield f'encoder.layer.0.{name}.LayerNorm.{part}', (HIDDEN,)
    for name, out, width in (('attention.self.query', HIDDEN, HIDDEN), ('attention.self.key', HIDDEN, HIDDEN),
                             ('attention.self.value', HIDDEN, HIDDEN), ('attention.output.dense', HIDDEN, HIDDEN),
                             ('intermediate.dense', FFN, HIDDEN), ('output.dense', HIDDEN, FFN)):
        yield f'encoder.layer.0.{name}.weight', (out, width)
        yield f'encoder.layer.0.{name}.bias', (out,)


def make_model(folder, config=None, bad=None, words=WORDS):
    rng = random.Random(7)
    folder.mkdir(parents=True)
    head, data = {}, b''
    for name, shape in tensors(rng):
        n = math.prod(shape)
        numbers = [rng.uniform(-1, 1) + (1 if name.endswith('LayerNorm.weight') else 0) for _ in range(n)]
        if name == bad:
            numbers[-1] = math.nan
        raw = struct.pack(f'<{n}f', *numbers)
        head[name] = {'dtype': 'F32', 'shape': list(shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    (folder / 'model.safetensors').write_bytes(struct.pack('<Q', len(text)) + text + data)
    (folder / 'vocab.txt').write_text('\n'.join(words) + '\n', encoding='utf-8')
    (folder / 'config.json').write_text(json.dumps({
        'model_type': 'bert', 'hidden_size': HIDDEN, 'num_hidden_layers': 1, 'num_attention_heads': HEADS,
        'intermediate_size': FFN, 'hidden_act': 'gelu', 'layer_norm_eps': 1e-12, 'type_vocab_size': 2,
        'max_position_embeddings': POSITIONS, 'vocab_size': len(WORDS), 'pad_token_id': 0, **(config or {})}))
    (folder / '1_Pooling').mkdir()
    (folder / '1_Pooling' / 'config.json').write_text(
        '{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}')
    return str(folder)


def run(*args, home=None, given=b'', status=0):
    env = dict(os.environ, ASSAY_HOME=str(home)) if home else dict(os.environ)
    env = {k: v for k, v in env.items() if not k.startswith('ASSAY_ENCODER')}
    env['XDG_CONFIG_HOME'] = '/nonexistent'
    done = subprocess.run([BIN, *args], input=given, capture_output=True, env=env, check=False)
    assert done.returncode == status, (args, done.returncode, done.stderr)
    return done


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_forms(model, scratch):
    texts = ['the sample writes a file', '恶意 registry keys', '']
    rows = lines(run('embed', '--encoder', model, *texts))
    assert [r['text'] for r in rows] == texts
    for row in rows:
        assert row['schema'] == 'assay/embed/1' and len(row['vector']) == HIDDEN
        assert abs(sum(v * v for v in row['vector']) - 1) < 1e-5
    piped = lines(run('embed', '--encoder', model, given='\n'.join(texts[:2]).encode() + b'\n'))
    assert piped == rows[:2], 'lines of standard input are texts as operands are'
    alone = lines(run('embed', '--encoder', model, '--threads', '1', texts[1]))
    assert alone[0]['vector'] == lines(run('embed', '--encoder', model, '--threads', '1', *texts))[1]['vector']

    target = scratch / 'v.npy'
    run('embed', '--encoder', model, '--npy', '-o', str(target), *texts)
    raw = target.read_bytes()
    assert raw[:8] == b'\x93NUMPY\x01\x00' and raw[8:10] == bytes([118, 0]) and raw[127:128] == b'\n'
    assert f"'shape': (3, {HIDDEN})".encode() in raw[:128]
    numbers = struct.unpack(f'<{3 * HIDDEN}f', raw[128:])
    assert all(abs(x - y) < 1e-7 for x, y in zip(numbers, sum((r['vector'] for r in rows), [])))


def test_tokens(model):
    row = lines(run('embed', '--encoder', model, '--tokens', 'Keys 恶x'))[0]
    assert [(t['piece'], t['begin'], t['end']) for t in row['tokens']] == [
        ('key', 0, 3), ('##s', 3, 4), ('恶', 5, 8), ('[UNK]', 8, 9)]
    assert all(len(t['vector']) == HIDDEN for t in row['tokens'])


def test_long_texts_are_read_whole(model):
    """Every token of a text counts: to change the last one changes the vector."""
    long = 'the sample writes a file ' * 40
    one, other = lines(run('embed', '--encoder', model, long + 'run', long + 'key'))
    assert one['vector'] != other['vector']
    row = lines(run('embed', '--encoder', model, '--tokens', long))[0]
    assert len(row['tokens']) == 200
    done = run('embed', '--encoder', model, long)
    assert b'1 of 1 texts were longer than 22 tokens' in done.stderr, done.stderr


def test_refusals(model, scratch):
    for args, status, said in (
            (['embed', 'x'], 2, 'no text encoder is named'),
            (['embed', '--encoder', str(scratch / 'none'), 'x'], 1, 'there is no model'),
            (['embed', '--encoder', str(scratch), 'x'], 1, 'holds no model'),
            (['embed', '--encoder', model, '--fill', 'x'], 2, '--fill reads the store'),
            (['embed', '--encoder', model, '--npy', '--tokens', 'x', 'y'], 2, 'tokens of one text')):
        done = run(*args, status=status)
        assert said in done.stderr.decode(), (args, done.stderr)
        assert done.stderr.count(b'\n') == 1, done.stderr
    for name, made, said in (
            ('nan', dict(bad='encoder.layer.0.output.dense.weight'), 'not all finite'),
            ('kind', dict(config={'model_type': 'gpt2'}), 'gpt2'),
            ('wide', dict(config={'intermediate_size': 33}), 'intermediate.dense'),
            ('vocab', dict(words=WORDS + ['more']), 'not of one model'),
            ('heads', dict(config={'num_attention_heads': 3}), 'heads')):
        folder = make_model(scratch / name, **made)
        done = run('embed', '--encoder', folder, 'x', status=3)
        assert said in done.stderr.decode(), (name, done.stderr)
        assert not done.stdout


def test_the_store(model, scratch):
    home = scratch / 'home'
    run('add', str(REPORT), home=home)
    made = run('embed', '--encoder', model, '--fill', home=home).stdout.decode()
    assert int(made.split()[0]) > 0, made
    assert run('embed', '--encoder', model, '--fill', home=home).stdout.decode().startswith('0 passages')
    found = json.loads(run('search', '--encoder', model, '--json', '--trace', 'a key', home=home).stdout)
    assert found['tier'] == 'encoder' and found['trace']['dense']['ran'], found['trace']
    assert any('dense' in p['routes'] for p in found['passages'])
    plain = json.loads(run('search', '--json', '--trace', 'a key', home=home).stdout)
    assert plain['tier'] == 'none' and not plain['trace']['dense']['ran']
    os.rename(model, model + '-other')
    other = json.loads(run('search', '--encoder', model + '-other', '--json', '--trace', 'a key', home=home).stdout)
    assert not other['trace']['dense']['ran'], "another model's vectors are not compared"


def main():
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        model = make_model(scratch / 'tiny')
        test_forms(model, scratch)
        test_tokens(model)
        test_long_texts_are_read_whole(model)
        test_refusals(model, scratch)
        test_the_store(model, scratch)
    return 0


if __name__ == '__main__':
    sys.exit(main())
