#!/usr/bin/env python3
"""Writes tokenizers for tokens.py from what lies in $ASSAY_DATA/tokenizers.

    tests/oracle/make_tokenizers.py OUT

xlmr.json, xlmr-first.json, xlmr-runs.json and xlmr.model have XLM-R's vocabulary (BlingFire's
copy of it: scores of five decimals) and the map nmt_nfkc, which the package `sentencepiece`
writes into any model that it trains. They differ in their rules: WhitespaceSplit and Metaspace,
as Hugging Face's first files have it; prepend_scheme first; runs of blanks replaced and Metaspace
alone, as its files of today have it. Also bert-bge.txt (of a GGUF file), laser.model, ja.model,
en.model, own.model (with pieces of a user's own), bytes.model (unknown characters are bytes).
"""
import base64
import io
import json
import os
import pathlib
import struct
import sys
import tarfile
import zipfile

SPACE = '\u2581'


def member(data, archive, name):
    with tarfile.open(data / 'tokenizers' / archive) as tar:
        return tar.extractfile(name).read()


def trained(text, **options):
    import sentencepiece
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.splitlines()), model_writer=out, minloglevel=2,
        hard_vocab_limit=False, num_threads=1, **options)
    return out.getvalue()


def proto(raw):
    from sentencepiece import sentencepiece_model_pb2 as pb
    m = pb.ModelProto()
    m.ParseFromString(raw)
    return m


def xlmr_pieces(data):
    """(piece, score) by XLM-R's ids."""
    packed = member(data, 'blingfire_xlmr_bert.tar.xz',
                    'blingfire_xlmr_bert/ldbsrc/xlm_roberta_base/pos.dict.utf8.zip')
    with zipfile.ZipFile(io.BytesIO(packed)) as z:
        lines = z.read('pos.dict.utf8').decode().split('\n')
    pieces = {0: ('<s>', 0.0)}
    for line in lines:
        if not line:
            continue
        piece, number, score = line.rsplit('\t', 2)
        pieces[int(number[len('WORD_ID_'):])] = (piece, float(score))
    for i in (1, 2, 3, 250001):
        pieces[i] = (pieces[i][0], 0.0)
    return [pieces[i] for i in range(250002)]


def xlmr_json(pieces, charsmap, normalizer, before):
    added = [{'id': i, 'special': True, 'content': pieces[i][0], 'single_word': False,
              'lstrip': i == 250001, 'rstrip': False, 'normalized': False}
             for i in (0, 1, 2, 3, 250001)]
    precompiled = {'type': 'Precompiled', 'precompiled_charsmap': base64.b64encode(charsmap).decode()}
    if normalizer:
        precompiled = {'type': 'Sequence', 'normalizers': [precompiled] + normalizer}
    return json.dumps({'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': added,
                       'normalizer': precompiled, 'pre_tokenizer': before, 'post_processor': None,
                       'decoder': None,
                       'model': {'type': 'Unigram', 'unk_id': 3, 'vocab': pieces}}, ensure_ascii=False)


def xlmr_model(pieces, charsmap):
    from sentencepiece import sentencepiece_model_pb2 as pb
    m = pb.ModelProto()
    for text, score, kind in [('<unk>', 0.0, 2), ('<s>', 0.0, 3), ('</s>', 0.0, 3)] + \
            [(p, s, 1) for p, s in pieces[4:250001]]:
        m.pieces.add(piece=text, score=score, type=kind)
    m.trainer_spec.model_type = 1
    m.normalizer_spec.name = 'nmt_nfkc'
    m.normalizer_spec.precompiled_charsmap = charsmap
    return m.SerializeToString()


def gguf_strings(raw, wanted):
    """The array of strings `wanted`. The copy that lies there went through a reader of text, so
    that bytes which are no UTF-8 became U+FFFD: numbers are lost and lengths changed, but the
    words, and their lengths below 128, are whole. So the key is searched for."""
    at = raw.index(wanted.encode()) + len(wanted)
    kind, inner, count = struct.unpack_from('<IIQ', raw, at)
    assert (kind, inner) == (9, 8)
    at += 16
    for _ in range(count):
        n, = struct.unpack_from('<Q', raw, at)
        yield raw[at + 8:at + 8 + n]
        at += 8 + n


def bert_vocab(raw):
    """GGUF drops ## and marks words' beginnings; specials stay as they are."""
    lines = []
    for piece in gguf_strings(raw, 'tokenizer.ggml.tokens'):
        text = piece.decode()
        if text.startswith(SPACE):
            text = text[1:]
        elif not (text.startswith('[') and text.endswith(']') and len(text) > 2):
            text = '##' + text
        lines.append(text)
    return '\n'.join(lines) + '\n'


def main():
    if len(sys.argv) != 2:
        print(__doc__.splitlines()[2].strip(), file=sys.stderr)
        return 2
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    data = pathlib.Path(os.environ.get('ASSAY_DATA', '../shared/data'))
    (out / 'bert-bge.txt').write_text(bert_vocab(member(
        data, 'ggml-vocab.tar.xz', 'ggml-vocab/models/ggml-vocab-bert-bge.gguf')), encoding='utf-8')
    (out / 'laser.model').write_bytes(member(
        data, 'blingfire_xlmr_bert.tar.xz', 'blingfire_xlmr_bert/ldbsrc/laser100k/laser_100k.model'))
    for short, name in (('en', 'test_model'), ('ja', 'test_ja_model')):
        (out / f'{short}.model').write_bytes(member(
            data, 'sentencepiece.tar.xz', f'sentencepiece/python/test/{name}.model'))
    text = member(data, 'sentencepiece.tar.xz', 'sentencepiece/data/botchan.txt').decode()
    (out / 'own.model').write_bytes(trained(
        text, vocab_size=900, normalization_rule_name='nmt_nfkc_cf', remove_extra_whitespaces=False,
        user_defined_symbols=['<sep>', 'kernel32', 'a b', '\ufb01']))
    raw = trained(text, vocab_size=900, byte_fallback=True, add_dummy_prefix=False,
                  normalization_rule_name='nmt_nfkc')
    (out / 'bytes.model').write_bytes(raw)
    charsmap = proto(raw).normalizer_spec.precompiled_charsmap
    pieces = xlmr_pieces(data)
    split = {'type': 'WhitespaceSplit'}
    old = {'type': 'Metaspace', 'replacement': SPACE, 'str_rep': SPACE, 'add_prefix_space': True}
    new = {'type': 'Metaspace', 'replacement': SPACE, 'prepend_scheme': 'always', 'split': True}
    runs = {'type': 'Replace', 'pattern': {'Regex': ' {2,}'}, 'content': ' '}
    for name, normalizer, before in (
            ('xlmr', [], {'type': 'Sequence', 'pretokenizers': [split, old]}),
            ('xlmr-first', [], {'type': 'Sequence', 'pretokenizers': [split, {**new, 'prepend_scheme': 'first'}]}),
            ('xlmr-runs', [{'type': 'Strip', 'strip_left': False, 'strip_right': True}, runs], new)):
        (out / f'{name}.json').write_text(xlmr_json(pieces, charsmap, normalizer, before), encoding='utf-8')
    (out / 'xlmr.model').write_bytes(xlmr_model(pieces, charsmap))
    return 0


if __name__ == '__main__':
    sys.exit(main())
