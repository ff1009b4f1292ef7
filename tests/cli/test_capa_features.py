#!/usr/bin/env python3
"""The features that capa's own tests expect of dynamic reports are among assay's facts.

The key files of capa say, of a report, which features (strings, sections, imports, API calls,
numbers ...) must be found at which place (file, process, thread, call), how often, and which
must not be. Every line of cape.json and drakvuf.json is looked up here in what `assay facts`
and `assay calls` say. A line that this test does not understand fails it.

A place is counted once, as capa counts: the file's own list of strings, a process, a call.
"""
import collections
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'support'))
import oracle  # noqa: E402

REPORTS = oracle.DATA / 'reports'
KEYS = REPORTS / 'capa_expected_features' / 'tests' / 'fixtures' / 'features'
FILES = REPORTS / 'capa-testfiles'
PLACE = re.compile(r'process=\((\d+):(\d+)\)(?:,thread=(\d+))?(?:,call=(\d+))?')
COUNTED = re.compile(r'count\((\w+)\((.*)\)\): (\d+)', re.S)
PLAIN = re.compile(r'(\w+): (.*)', re.S)
TOOLS = {'cape.json': 'CAPE', 'drakvuf.json': 'DRAKVUF'}
COUNTS = {'api_use', 'api_trace'}  # facts that assay made of calls


def number(text):
    """The integer that an argument is, or None."""
    try:
        return int(text, 0)
    except ValueError:
        return None


def symbols(name):
    """An API's name as rules may write it: with and without its module and its A or W."""
    names = {name, name.rpartition('.')[2]}
    return names | {n[:-1] for n in names if n[-1:] in ('A', 'W')}


class Call:
    def __init__(self, raw):
        self.pid = raw['process'].get('pid')
        self.thread = number(str(raw.get('thread')))
        self.index = raw['index']
        self.time = raw.get('time') or ''
        self.features = {'api': symbols(raw.get('api') or ''), 'string': set(), 'number': set()}
        for arg in raw['args']:
            for key in ('value', 'pretty'):
                text = arg.get(key)
                if text is None:
                    continue
                self.features['string'].add(text)
                value = number(text)
                if value is not None:
                    self.features['number'].add(value)


class Report:
    """What assay says of one report, by the places of capa."""

    def __init__(self, path, tool):
        self.tool = tool
        self.file = collections.defaultdict(collections.Counter)
        self.processes = {}  # (pid, ppid): the strings of its environment
        lines = oracle.run('facts', '-q', path).stdout.decode().splitlines()
        for line in lines:
            fact = json.loads(line)
            self.take(fact['kind'], {k: oracle.as_list(v) for k, v in fact['attrs'].items()})
        lines = oracle.run('calls', '-q', path).stdout.decode().splitlines()
        self.calls = [Call(json.loads(line)) for line in lines]
        self.threads = collections.defaultdict(list)
        for call in self.calls:
            self.threads[call.pid, call.thread].append(call)

    def take(self, kind, attrs):
        if kind not in COUNTS:
            self.file['named'].update(n for key in ('name', 'function', 'api', 'field')
                                      for n in attrs.get(key, ()) if isinstance(n, str))
        if kind == 'string':
            self.file['string'].update(map(str, attrs['value']))
        elif kind == 'pe_section':
            self.file['section'].update(attrs.get('name', ()))
        elif kind == 'pe_import':
            for name in attrs.get('name', ()):
                self.file['import'].update(symbols(name))
        elif kind == 'pe_export':
            self.file['export'].update(attrs.get('name', ()))
        elif kind == 'process' and 'pid' in attrs:
            of = self.processes.setdefault((attrs['pid'][0], attrs.get('ppid', [None])[0]), set())
            of.update(str(v) for values in attrs.values() for v in values)
        elif kind == 'environment':
            for (pid, _), strings in self.processes.items():
                if [pid] == attrs.get('pid'):
                    strings.update(map(str, attrs.get('value', ())))

    def is_hooked(self, kind, value):
        """DRAKVUF knows no import table: capa takes the functions it hooked in each module."""
        return self.tool == 'DRAKVUF' and kind == 'import' and value in self.file['named']

    def count(self, place, kind, value):
        if place == 'file':
            return max(self.file[kind][value], int(self.is_hooked(kind, value)))
        found = PLACE.fullmatch(place)
        pid, ppid, thread, index = (None if g is None else int(g) for g in found.groups())
        if (pid, ppid) not in self.processes:
            raise SystemExit(f'no process {pid} that {ppid} started')
        calls = self.threads[pid, thread] if thread is not None else \
            [c for c in self.calls if c.pid == pid]
        if index is not None:
            calls = self.at(calls, index)
        wanted = number(value) if kind == 'number' else value
        n = sum(wanted in c.features[kind] for c in calls)
        if thread is None and kind == 'string':
            n += value in self.processes[pid, ppid]
        return n

    def at(self, calls, index):
        """capa numbers CAPE's calls within a process, DRAKVUF's within a thread, by time."""
        if self.tool == 'CAPE':
            return [c for c in calls if c.index == index]
        return sorted(calls, key=lambda c: c.time)[index:index + 1]


def understood(text):
    """(kind, value, count or None) of a feature as the key files write it."""
    found = COUNTED.fullmatch(text)
    if found:
        return found[1], found[2], int(found[3])
    found = PLAIN.fullmatch(text)
    if not found:
        raise SystemExit(f'no feature: {text!r}')
    return found[1], found[2], None


KINDS = {'file': {'string', 'section', 'import', 'export'},
         'process': {'string', 'api', 'number'}}


def check(report, line):
    """None, or what is wrong."""
    kind, value, want = understood(line['feature'])
    if kind not in KINDS['file' if line['location'] == 'file' else 'process']:
        raise SystemExit(f'no such feature at {line["location"]}: {line["feature"]}')
    have = report.count(line['location'], kind, value)
    if want is not None and line.get('expected', True):
        good = have == want
    elif want is not None:
        good = have != want
    else:
        good = (have > 0) == line.get('expected', True)
    return None if good else f'{line["location"]}: {line["feature"]}: found {have} times'


def run_key(name):
    """Problems, lines looked at; None if the report is not read (yet)."""
    key = json.loads((KEYS / name).read_text())
    problems, looked_at, reports = [], 0, {}
    for entry in key['files']:
        path = FILES / entry['path'].removeprefix('data/')
        if not path.is_file():
            raise SystemExit(f'{name}: no file {path}')
        if oracle.run('facts', '-q', path, check=False).returncode == 3:
            return None
        reports[entry['key']] = Report(path, TOOLS[name])
    for line in key['features']:
        problem = check(reports[line['file']], line)
        looked_at += 1
        if problem:
            problems.append(f'{name}: {problem}')
    return problems, looked_at


def main():
    if not KEYS.is_dir() or not FILES.is_dir():
        print(f'skipped: no key files of capa under {KEYS}')
        return 77
    failed = False
    for name in TOOLS:
        done = run_key(name)
        if done is None:
            print(f'{name}: skipped, assay has no reader for that report')
            continue
        problems, looked_at = done
        print(f'{name}: {looked_at - len(problems)} of {looked_at} features as expected')
        for problem in problems:
            print(problem)
        failed |= bool(problems) or looked_at < 20
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
