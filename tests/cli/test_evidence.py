#!/usr/bin/env python3
"""The promise of docs/evidence.md, checked with another JSON reader on every report there is:
the bytes [begin, end) of the unpacked report are exactly the value that the pointer names,
and what a fact says stands in one of its evidences; `assay evidence` prints those bytes.
"""
import gzip
import hashlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'support'))
import oracle  # noqa: E402

SHOWN = 10   # faults of one report that are printed
SAMPLED = 40 // oracle.STRIDE  # ids of one report that are given to `assay evidence`

# Counted or found by assay over many calls; no one value of the report holds them.
COMPUTED = {kind: {'count', 'failed', 'started', 'ended', 'category'}
            for kind in ('api_trace', 'api_use')}


class Ranges:
    """Byte ranges of one report, each parsed once."""

    def __init__(self, data, doc):
        self.data, self.doc = data, doc
        self.hash = hashlib.sha256(data).hexdigest()[:16]
        self.texts, self.checked = {}, {}

    def fault(self, e):
        """What is wrong with an evidence, or None."""
        key = (e['id'], e['pointer'], e['begin'], e['end'])
        if key not in self.checked:
            self.checked[key] = self.look(e['id'], e['pointer'], int(e['begin']), int(e['end']))
        return self.checked[key]

    def look(self, ident, pointer, begin, end):
        if not 0 <= begin < end <= len(self.data):
            return f'the range {begin}..{end} is not inside the report'
        if ident != f'{self.hash}-{begin:x}-{end - begin:x}':
            return f'the id {ident} is not that of {begin}..{end}'
        try:
            value = oracle.parse(self.data[begin:end].decode())
        except ValueError as error:
            return f'bytes {begin}..{end} are no JSON value: {error}'
        try:
            named = oracle.resolve(self.doc, pointer)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            return f'the pointer {pointer!r} leads nowhere: {error!r}'
        if value != named or type(value) is not type(named):
            return f'bytes {begin}..{end} are not the value at {pointer!r}'
        if (begin, end) not in self.texts:
            self.texts[begin, end] = texts_of(value)
        return None

    def hold(self, fact, text):
        return any(text in self.texts[int(e['begin']), int(e['end'])] for e in evidences(fact))


def texts_of(value):
    """Each key and each scalar anywhere in the value."""
    found, todo = set(), [value]
    while todo:
        v = todo.pop()
        if isinstance(v, dict):
            found.update(oracle.scalar(k) for k in v)
            todo.extend(v.values())
        elif isinstance(v, list):
            todo.extend(v)
        else:
            found.add(oracle.scalar(v))
    return found


def evidences(fact):
    return [fact['evidence'], *fact.get('also', [])]


def faults_of(ranges, fact):
    bad = [f for f in map(ranges.fault, evidences(fact)) if f]
    if bad:
        return bad
    for name, value in fact['attrs'].items():
        if name in COMPUTED.get(fact['kind'], ()):
            continue
        for one in oracle.as_list(value):
            text = oracle.scalar(one)
            if text is None:
                bad.append(f'{name} is neither text, number nor flag: {one!r:.80}')
            elif not ranges.hold(fact, text):
                bad.append(f'{name} = {text!r:.80} is in none of '
                           f'{[e["pointer"] for e in evidences(fact)][:4]}')
    return bad


def sample(facts):
    """Ids spread evenly over the report, the first and the last included."""
    ids = {}
    for fact in facts:
        for e in evidences(fact):
            ids[e['id']] = (int(e['begin']), int(e['end']))
    every = sorted(ids.items(), key=lambda item: item[1])
    if len(every) <= SAMPLED:
        return every
    return [every[i * (len(every) - 1) // (SAMPLED - 1)] for i in range(SAMPLED)]


def printed_faults(data, facts, folder):
    plain, packed = folder / 'report.json', folder / 'report.json.gz'
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data, 1))
    for ident, (begin, end) in sample(facts):
        for path in (plain, packed):
            done = oracle.run('evidence', ident, '--in', path, '--raw', '-q', check=False)
            if done.returncode or done.stdout != data[begin:end]:
                yield (f'evidence {ident} --raw of {path.suffix}: status {done.returncode}, '
                       f'{len(done.stdout)} bytes, {end - begin} expected; {done.stderr[:100]}')


def main():
    total = read = 0
    for path, data, doc in oracle.reports():
        facts, ranges = oracle.facts(path), Ranges(data, doc)
        bad = [f'{fact["kind"]} {fact["evidence"]["id"]}: {fault}'
               for fact in facts for fault in faults_of(ranges, fact)]
        with tempfile.TemporaryDirectory(prefix='assay-evidence-') as folder:
            bad += printed_faults(data, facts, pathlib.Path(folder))
        print(f'{path.name}: {len(facts)} facts, {len(ranges.checked)} evidences, '
              f'{len(bad)} faults')
        for fault in bad[:SHOWN]:
            print(f'  {fault}')
        total += len(bad)
        read += 1
        if not facts:
            print('  no facts at all')
            total += 1
    print(f'{read} reports, {total} faults')
    return 1 if total or not read else 0


if __name__ == '__main__':
    sys.exit(main())
