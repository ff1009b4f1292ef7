#!/usr/bin/env python3
"""Windows events of the data set, as the program tells them.

Sigma regression data: for each event file, EVTX and JSON, every field of every event is
held by a fact under the name the event gives it (so every field that a rule tests is),
and both forms give the same facts. OTRF: each line of each archive is one fact. The XML
strings of one system log: each is one fact with every field.

Skipped where the data set is absent.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = os.environ.get('ASSAY_BIN', str(ROOT / 'build' / 'assay'))
DATA = pathlib.Path(os.environ.get('ASSAY_DATA', str(ROOT.parent / 'shared' / 'data')))
SIGMA = DATA / 'knowledge' / 'sigma_regression_evtx' / 'regression_data'
RULES = DATA / 'knowledge' / 'sigma.tar.xz'
OTRF = DATA / 'reports' / 'otrf_security_datasets'
XML_LOG = DATA / 'reports' / 'zeus_analysis' / 'systemlogs.json'

# Which attribute holds a field that has one: written from the provider's documentation of
# the fields, not from the program's tables. Others stand under their own names.
ATTRS = {
    'Provider.Name': 'source', 'EventID': 'event_id', 'Version': 'version', 'Level': 'level',
    'EventRecordID': 'record', 'Channel': 'channel', 'Computer': 'computer',
    'UtcTime': ('time', 'first_seen'), 'TimeCreated.SystemTime': ('time', 'first_seen'),
    'CommandLine': 'command_line', 'User': 'user', 'SubjectUserName': ('user', 'from'),
    'ProcessId': ('pid', 'ppid'), 'ParentProcessId': 'ppid', 'Image': ('path', 'process_path'),
    'TargetFilename': 'path', 'ImageLoaded': 'path', 'Signature': 'subject',
    'SourceProcessId': 'pid', 'SourceThreadId': 'tid', 'SourceImage': 'process_path',
    'TargetProcessId': 'target_pid', 'TargetImage': 'target_path', 'SourceUser': 'user',
    'GrantedAccess': 'access', 'EventType': 'operation', 'TargetObject': 'key',
    'Details': 'content', 'TargetUserName': 'user', 'TargetServerName': 'to', 'IpAddress': 'src',
    'ServiceName': 'service', 'ImagePath': 'path', 'IpPort': 'sport', 'ProcessName': 'process_path', 'TaskName': 'name', 'UserName': 'user',
}

DATA_ELEMENTS = ('Data', 'ComplexData')

faults = []


def fault(text):
    if len(faults) < 20:
        print(f'FAILED: {text}')
    faults.append(text)


def facts_of(path=None, stdin=None):
    done = subprocess.run([BIN, 'facts', str(path) if path else '-'], input=stdin,
                          capture_output=True, check=False)
    if done.returncode:
        fault(f'{path}: exit {done.returncode}: {done.stderr.decode(errors="replace")[:200]}')
        return []
    return [json.loads(line) for line in done.stdout.splitlines()]


def text_of(value):
    if value is True or value is False:
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def listed(value):
    return value if isinstance(value, list) else [value]


def held(attrs):
    """What a fact holds, by attribute and by the event's own names."""
    out = collections.defaultdict(set)
    for name, value in attrs.items():
        out[name].update(text_of(v) for v in listed(value))
    for name, value in zip(listed(attrs.get('field', [])), listed(attrs.get('field_value', []))):
        out['=' + name].add(text_of(value))
    return out


def fields_of(event):
    """Every (name, text) of a nested event; attributes as Element.Attribute."""
    out = []
    for section in ('System', 'EventData', 'UserData'):
        for name, value in (event.get(section) or {}).items():
            if name == '#attributes':
                out += [(f'{section}.{k}', text_of(v)) for k, v in value.items()]
            elif isinstance(value, dict):
                out += [(f'{name}.{k}', text_of(v))
                        for k, v in value.get('#attributes', {}).items()]
                out += [(name, text_of(v)) for v in listed(value.get('#text', []))]
                if set(value) - {'#attributes', '#text'}:
                    fault(f'{name}: a shape that this test does not know')
            elif value not in (None, ''):
                out.append((name, text_of(value)))
    return out


def check_fields(where, fields, fact):
    attrs = held(fact['attrs'])
    for name, text in fields:
        places = ATTRS.get(name, ())
        places = (places,) if isinstance(places, str) else places
        found = attrs.get('=' + name, set()).union(*(attrs.get(p, set()) for p in places))
        if text not in {f.strip() for f in found} | found:
            fault(f'{where}: {name} = {text!r} is held as {sorted(found)}')


def values_of_many(text):
    decoder, at, out = json.JSONDecoder(), 0, []
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        out.append(value)
    return out


def comparable(facts):
    """The tool that wrote the JSON forms cut blanks off the ends of texts; EVTX keeps them."""
    return [(f['kind'], [(k, [text_of(v).strip() for v in listed(vs)])
                         for k, vs in f['attrs'].items()]) for f in facts]


def rule_fields():
    """By rule id, the names of the fields that its detection tests."""
    out = {}
    with tarfile.open(RULES) as tar:
        for member in tar:
            if not member.isfile() or not member.name.endswith('.yml'):
                continue
            text = tar.extractfile(member).read().decode('utf-8', 'replace')
            for part in text.split('\n---'):
                rule = re.search(r'^id: *([0-9a-f-]{36})', part, re.M)
                detection = re.search(r'^detection:\n(.*?)(?=^\S|\Z)', part, re.M | re.S)
                if rule and detection:
                    out[rule.group(1)] = set(re.findall(
                        r'^ {8,}(?:- )?([A-Z][A-Za-z0-9_]*)(?:\|[a-z0-9|]+)?:', detection.group(1),
                        re.M))
    return out


def check_sigma():
    rules = rule_fields() if RULES.is_file() else {}
    files = sorted(SIGMA.rglob('*.json'))
    events = fields = tested = 0
    for path in files:
        told = facts_of(path)
        here = [f for f in told if 'event_id' in f['attrs']]
        nested = [v['Event'] for v in values_of_many(path.read_text())]
        if len(here) != len(nested):
            fault(f'{path.name}: {len(nested)} events, {len(here)} facts')
            continue
        names = set()
        for event, fact in zip(nested, here):
            all_fields = fields_of(event)
            names.update(n for n, _ in all_fields)
            check_fields(path.name, all_fields, fact)
            events += 1
            fields += len(all_fields)
        if comparable(told) != comparable(facts_of(path.with_suffix('.evtx'))):
            fault(f'{path.name}: the EVTX file gives other facts')
        tests = rules.get(path.stem, set())
        tested += len(tests & names)
    print(f'sigma: {len(files)} pairs, {events} events, {fields} fields, '
          f'{tested} of them tested by the rule of their file')
    if len(files) < 100 or events < 140 or fields < 3000:
        fault('fewer Sigma events than the data set has')


def check_otrf():
    lines = 0
    seen = collections.Counter()
    archives = sorted(OTRF.rglob('*.zip'))
    for path in archives:
        with zipfile.ZipFile(path) as z:
            for name in z.namelist():
                if not name.endswith('.json') or '__MACOSX' in name:
                    continue
                text = z.read(name)
                wanted = [json.loads(x) for x in text.decode().splitlines() if x.strip()]
                told = [f for f in facts_of(stdin=text) if 'event_id' in f['attrs']]
                lines += len(wanted)
                if [str(w['EventID']) for w in wanted] != \
                        [text_of(f['attrs']['event_id']) for f in told]:
                    fault(f'{name}: {len(wanted)} events, {len(told)} facts, or of other numbers')
                seen.update(f['kind'] for f in told)
    print(f'otrf: {len(archives)} archives, {lines} events: {dict(seen.most_common(12))}')
    if lines < 89000:
        fault('fewer OTRF events than the data set has')


def check_xml_log():
    texts = json.loads(XML_LOG.read_text())
    told = [f for f in facts_of(XML_LOG) if 'event_id' in f['attrs']]
    if len(texts) != len(told):
        fault(f'{XML_LOG.name}: {len(texts)} events, {len(told)} facts')
    for i, (text, fact) in enumerate(zip(texts, told)):
        root = xml.etree.ElementTree.fromstring(text)
        fields = []
        for section in root:
            for e in section:
                own = e.tag.split('}')[1]
                name = e.get('Name', own) if own in DATA_ELEMENTS else own
                if e.text and e.text.strip():
                    fields.append((name, e.text))
                fields += [(f'{own}.{k}', v) for k, v in e.attrib.items()
                           if v and not (own in DATA_ELEMENTS and k == 'Name')]
        check_fields(f'{XML_LOG.name} {i}', [(n, v.strip()) for n, v in fields], fact)
    print(f'xml: {len(texts)} events')


def main():
    if not SIGMA.is_dir():
        print('skipped: the data set is not here')
        return 77
    check_sigma()
    if OTRF.is_dir():
        check_otrf()
    if XML_LOG.is_file():
        check_xml_log()
    if faults:
        print(f'{len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
