#!/usr/bin/env python3
"""Writes the fixtures of the tests of model files: tests/unit/encode/data.

    tests/oracle/make_weights.py [FOLDER]

One tiny BERT with random weights of our own, as safetensors, transformers and torch write it,
and as two settings of torch's exporter lay it out in ONNX; and the same for an XLM-R with a
classifier. Development only: needs torch, transformers, safetensors, onnx; exits 77 without.
"""
import pathlib
import sys
import warnings

try:
    import numpy as np
    import onnx
    import torch
    from onnx import helper, numpy_helper
    from safetensors.torch import save_file
    from transformers import (BertConfig, BertModel, XLMRobertaConfig,
                              XLMRobertaForSequenceClassification)
except ImportError as missing:
    print(f'skipped: {missing}')
    sys.exit(77)

SIZES = dict(hidden_size=8, num_attention_heads=2, intermediate_size=12)


class Plain(torch.nn.Module):
    """An exporter wants plain arguments and a plain result."""

    def __init__(self, wrapped, result):
        super().__init__()
        self.model, self.result = wrapped, result

    def forward(self, input_ids, attention_mask, token_type_ids):
        out = self.model(input_ids=input_ids, attention_mask=attention_mask,
                         token_type_ids=token_type_ids)
        return getattr(out, self.result)


def randomise(model, same):
    """Fresh biases are all zeros: `same` leaves them, for an exporter to merge."""
    for name, p in model.named_parameters():
        if not same or p.dim() == 2:
            seed = torch.Generator().manual_seed(sum(name.encode()))
            p.data = torch.randn(p.shape, generator=seed)


def export(model, result, path, opset):
    ids = torch.ones(2, 5, dtype=torch.long)
    names = ['input_ids', 'attention_mask', 'token_type_ids']
    axes = {n: {0: 'batch', 1: 'tokens'} for n in names}
    torch.onnx.export(Plain(model, result), (ids, ids, ids * 0), str(path), input_names=names,
                      output_names=['out'], dynamic_axes=axes, opset_version=opset, dynamo=False)
    graph = onnx.load(str(path))
    for node in graph.graph.node:  # no path of this machine
        node.doc_string = ''
        node.ClearField('metadata_props')
    onnx.save(graph, str(path))


def graph():
    """The smallest graph with each form that a name is taken from."""
    def tensor(name, array):
        return numpy_helper.from_array(np.asarray(array), name)

    f, one = np.float32, np.int64
    weights = [tensor('embeddings.word_embeddings.weight', np.ones((3, 4), f)),
               tensor('onnx::MatMul_1', np.ones((4, 2), f)), tensor('b', np.arange(2, dtype=f)),
               tensor('onnx::MatMul_2', np.ones((2, 4), f)),
               tensor('pooler.dense.bias', np.ones(4, f)), tensor('g', np.ones((1, 4), f)),
               tensor('c', np.zeros(1, f)), tensor('two', np.array([2], one)),
               helper.make_tensor('n', 1, [4], [1, 2, 3, 4])]
    nodes = [helper.make_node('Gather', ['embeddings.word_embeddings.weight', 'ids'], ['e'],
                              name='/embeddings/word_embeddings/Gather'),
             helper.make_node('Identity', ['n'], ['layer.LayerNorm.bias']),
             helper.make_node('LayerNormalization', ['e', 'n', 'n'], ['l'], epsilon=1e-5,
                              name='/embeddings/LayerNorm/LayerNormalization'),
             helper.make_node('MatMul', ['l', 'onnx::MatMul_1'], ['m'], name='/a/dense/MatMul'),
             helper.make_node('Add', ['b', 'm'], ['a'], name='/a/dense/Add'),
             helper.make_node('Constant', [], ['k'], value=tensor('', np.array([2], one))),
             helper.make_node('Concat', ['two', 'two', 'k', 'two'], ['s'], axis=0),
             helper.make_node('Reshape', ['a', 's'], ['r']),
             helper.make_node('Erf', ['r'], ['x']),
             helper.make_node('MatMul', ['x', 'onnx::MatMul_2'], ['y'], name='MatMul_7'),
             helper.make_node('Add', ['y', 'pooler.dense.bias'], ['z'], name='Add_8'),
             helper.make_node('Gemm', ['z', 'g', 'c'], ['out'], transB=1, name='/head/Gemm')]
    made = helper.make_graph(nodes, 'g', [], [], weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid('', 17)])


def seeds(folder):
    """What the fuzzers begin with."""
    for name in ('safetensors', 'torch', 'onnx'):
        (folder / f'fuzz_{name}').mkdir(parents=True, exist_ok=True)
    base = torch.arange(10.)
    save_file({'x': base, 'bert.y': torch.ones(2, 3, dtype=torch.float16)},
              str(folder / 'fuzz_safetensors/two'), {'format': 'pt'})
    save_file({'x': torch.ones(0, 2, dtype=torch.bfloat16)},
              str(folder / 'fuzz_safetensors/empty'))
    torch.save({'x': base[2:6], 'y': base}, folder / 'fuzz_torch/shared')
    torch.save(torch.nn.Linear(2, 1).half().state_dict(), folder / 'fuzz_torch/linear')
    onnx.save(graph(), str(folder / 'fuzz_onnx/forms'))


def main():
    warnings.simplefilter('ignore')
    default = pathlib.Path(__file__).resolve().parent.parent / 'unit/encode/data'
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)

    config = BertConfig(**SIZES, num_hidden_layers=1, vocab_size=9, max_position_embeddings=6)
    config._attn_implementation = 'eager'
    bert = BertModel(config, add_pooling_layer=False).eval()
    randomise(bert, same=False)
    save_file(bert.state_dict(), str(folder / 'bert.safetensors'))
    torch.save(bert.state_dict(), folder / 'bert.bin')
    export(bert, 'last_hidden_state', folder / 'bert-14.onnx', 14)
    config.num_hidden_layers = 2
    bert = BertModel(config, add_pooling_layer=False).eval()
    randomise(bert, same=True)
    for name, p in bert.named_parameters():
        if p.dim() == 1:
            p.data.fill_(1.0 if name.endswith('LayerNorm.weight') else 0.25)
    save_file(bert.state_dict(), str(folder / 'same.safetensors'))
    export(bert, 'last_hidden_state', folder / 'same-17.onnx', 17)

    config = XLMRobertaConfig(**SIZES, num_hidden_layers=1, vocab_size=9,
                              max_position_embeddings=8, type_vocab_size=1, layer_norm_eps=1e-5,
                              num_labels=1, hidden_act='gelu_new')
    config._attn_implementation = 'eager'
    ranker = XLMRobertaForSequenceClassification(config).eval()
    randomise(ranker, same=False)
    torch.save(ranker.half().state_dict(), folder / 'ranker-half.bin')
    ranker = ranker.float()
    save_file(ranker.state_dict(), str(folder / 'ranker.safetensors'))
    export(ranker, 'logits', folder / 'ranker-17.onnx', 17)
    if len(sys.argv) < 2:
        seeds(default.parents[2] / 'fuzz/seeds')
    for path in folder.iterdir():
        path.chmod(0o644)
    return 0


if __name__ == '__main__':
    sys.exit(main())
