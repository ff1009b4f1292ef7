#!/usr/bin/env python3
"""Nothing of a report is lost: what it names is among the facts and in the full description.

Collects with another JSON reader every process, command line, dropped file and hash, domain,
address, URL, registry key and file path written or deleted, mutex, service, signature, YARA
rule, configuration value and technique of each report, and looks for each of them in
`assay facts` (whole and decoded, in a fact of a fitting kind) and in `assay analyze --full`
in Chinese and English (whole, with hidden characters shown as escapes).
"""
import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'support'))
import oracle  # noqa: E402

SHOWN = 10
LANGUAGES = ('en', 'zh')
TECHNIQUE = re.compile(r'T\d{4}(?:\.\d{3})?|[SU]\d{4}')
HASHES = ('md5', 'sha1', 'sha256', 'sha512', 'sha3_384', 'crc32', 'ssdeep', 'tlsh')
PATHS = ('name', 'path', 'filepath', 'paths', 'guest_paths')
ANY = None  # any kind fits

NETWORK = {'domain', 'dns_query', 'dns_answer', 'dns_server', 'host', 'connection', 'dead_host',
           'http_request', 'tls_handshake', 'icmp', 'smtp', 'irc', 'ssh_handshake',
           'network_file', 'network_fingerprint', 'network_detail', 'ids_alert'}

# Lists of a summary: category, kinds that fit.
SUMMARY = {
    'write_files': ('file path', {'file_written'}),
    'delete_files': ('file path', {'file_deleted'}),
    'write_keys': ('registry key', {'registry_written'}),
    'delete_keys': ('registry key', {'registry_deleted'}),
    'executed_commands': ('command line', {'command'}),
    'mutexes': ('mutex', {'mutex'}),
    'created_services': ('service', {'service_created'}),
    'started_services': ('service', {'service_started'}),
    'file_written': ('file path', {'file_written'}),
    'file_created': ('file path', {'file_created'}),
    'file_recreated': ('file path', {'file_recreated'}),
    'file_deleted': ('file path', {'file_deleted'}),
    'file_moved': ('file path', {'file_moved'}),
    'file_copied': ('file path', {'file_copied'}),
    'directory_created': ('file path', {'directory_created'}),
    'directory_removed': ('file path', {'directory_removed'}),
    'regkey_written': ('registry key', {'registry_written'}),
    'regkey_deleted': ('registry key', {'registry_deleted'}),
    'command_line': ('command line', {'command'}),
    'mutex': ('mutex', {'mutex'}),
    'connects_ip': ('address', {'host'}),
    'connects_host': ('domain', {'domain'}),
    'resolves_host': ('domain', {'domain'}),
}
# What Cuckoo lists under a process, [{operate, value}]: category, and the kinds by `operate`.
FILES = {'written': {'file_written'}, 'created': {'file_created'},
         'recreated': {'file_recreated'}, 'deleted': {'file_deleted'}, 'read': {'file_read'},
         'exists': {'file_probed'}, 'failed': {'file_failed'}}
KEYS = {'written': {'registry_written'}, 'deleted': {'registry_deleted'},
        'read': {'registry_read'}}
ACTIVITY = {
    'files': ('file path', FILES, {'file_opened', 'directory_enumerated'}),
    'registry': ('registry key', KEYS, {'registry_opened', 'registry_written'}),
    'mutex': ('mutex', {}, {'mutex'}),
    'wmi_query': ('command line', {}, {'wmi_query'}),
}
# Names of members that hold an address, a domain or a URL, wherever under the traffic.
TRAFFIC = {
    'ip': 'address', 'src': 'address', 'dst': 'address', 'srcip': 'address', 'dstip': 'address',
    'src_ip': 'address', 'dest_ip': 'address', 'sourceIp': 'address',
    'destinationIp': 'address',
    'domain': 'domain', 'request': 'domain', 'hostname': 'domain', 'host': 'domain',
    'rrname': 'domain', 'sni': 'domain', 'inaddrarpa': 'domain',
    'uri': 'URL', 'url': 'URL', 'http_refer': 'URL', 'referrer': 'URL',
}


class Wanted:
    """What a report names: (category, text, kinds that fit), and the processes."""

    def __init__(self, doc):
        self.named, self.processes = set(), set()
        self.doc = doc
        self.behavior(doc.get('behavior'))
        self.files()
        self.traffic()
        self.detections()
        for configs in ((doc.get('CAPE') or {}), (doc.get('tsmam') or {})):
            if isinstance(configs, dict):
                for key in ('configs', 'malconfigs'):
                    self.add_all('configuration', {'config_value'}, configs.get(key))
        self.elsewhere(doc, ())

    def add(self, category, kinds, value):
        text = oracle.scalar(value)
        if text:
            self.named.add((category, text, kinds and frozenset(kinds)))

    def add_all(self, category, kinds, value):
        for _, text in oracle.walk(value):
            self.add(category, kinds, text)

    # --- what ran -----------------------------------------------------------------

    def behavior(self, b):
        if not isinstance(b, dict):
            return
        for key in ('processes', 'processtree', 'generic'):
            for process in b.get(key) or []:
                self.process(process)
        self.summary(b.get('summary'))
        for event in b.get('enhanced') or []:
            data = event.get('data') or {}
            self.add('registry key', {'event'}, data.get('regkey'))
            self.add('file path', {'event'}, data.get('file'))
            self.add('service', {'event'}, data.get('service'))

    def process(self, p):
        pid = oracle.scalar(p.get('process_id', p.get('pid')))
        name = oracle.scalar(p.get('process_name', p.get('name')))
        if pid and name:
            self.processes.add((pid, name))
        environ = p.get('environ') or {}
        self.add('command line', {'process'}, environ.get('CommandLine'))
        self.add('command line', {'process'}, p.get('command_line'))
        for key in ('module_path', 'process_path'):
            self.add('program path', {'process'}, p.get(key))
        for key, (category, kinds, others) in ACTIVITY.items():
            for item in p.get(key) or []:
                item = item if isinstance(item, dict) else {'value': item}
                self.add(category, kinds.get(item.get('operate'), others), item.get('value'))
        self.summary(p.get('summary'))
        for child in p.get('children') or []:
            self.process(child)

    def summary(self, lists):
        if isinstance(lists, dict):
            for key, (category, kinds) in SUMMARY.items():
                self.add_all(category, kinds, lists.get(key))

    # --- files --------------------------------------------------------------------

    def files(self):
        doc = self.doc
        target = doc.get('target') if isinstance(doc.get('target'), dict) else {}
        self.file('sample', {'sample'}, target.get('file'))
        self.add('URL', {'sample'}, target.get('url') if 'file' not in target else None)
        for key, kind in (('dropped', 'dropped_file'), ('procdump', 'process_dump')):
            for record in doc.get(key) or []:
                self.file('dropped file', {kind}, record)
        for key in ('CAPE', 'tsmam'):
            owner = doc.get(key)
            for record in (owner.get('payloads') or [] if isinstance(owner, dict) else []):
                self.file('payload', {'payload'}, record)

    def file(self, category, kinds, record):
        if not isinstance(record, dict):
            return
        for key in PATHS:
            self.add_all(category, kinds, record.get(key))
        for key in HASHES:
            self.add(f'{category} hash', kinds, record.get(key))
        for key in ('urls', 'domains', 'ips', 'mails'):
            self.add_all('address in the sample', {'sample_address'}, record.get(key))

    # --- traffic ------------------------------------------------------------------

    def traffic(self):
        network = self.doc.get('network') or {}
        for host in network.get('hosts') or []:
            self.add('address', {'host'}, host if not isinstance(host, dict) else None)
        for pair in network.get('dead_hosts') or []:
            self.add('address', {'dead_host'}, pair[0] if isinstance(pair, list) else pair)
        for query in network.get('dns') or []:
            for answer in query.get('answers') or []:
                self.add('address', {'dns_answer'}, answer.get('data'))
        for part in (network, self.doc.get('suricata') or {}):
            for path, text in oracle.walk(part):
                names = [step for step in path if isinstance(step, str)]
                # `data` of a signature and headers may use any name: those are elsewhere.
                if names and names[-1] in TRAFFIC:
                    self.add(TRAFFIC[names[-1]], NETWORK, text)

    # --- detections ---------------------------------------------------------------

    def detections(self):
        doc = self.doc
        for key in ('signatures', 'signatures_gray'):
            for signature in doc.get(key) or []:
                self.add('signature', {'signature'}, signature.get('name'))
                self.add('signature', {'signature'}, signature.get('description'))
                for mark in ('data', 'new_data', 'marks'):
                    for path, text in oracle.walk(signature.get(mark)):
                        if '://' in text:
                            self.add('URL', ANY, text)
        for rule in doc.get('sigma') or []:
            for hit in rule.get('result') or []:
                self.add('sigma rule', {'sigma'}, hit.get('title'))
        for alert in (doc.get('suricata') or {}).get('alerts') or []:
            self.add('IDS alert', {'ids_alert'}, alert.get('signature'))

    def elsewhere(self, value, path):
        """YARA rules, hashes and techniques, wherever they stand outside the API calls."""
        if isinstance(value, list):
            for v in value:
                self.elsewhere(v, path)
            return
        if not isinstance(value, dict):
            return
        for key, v in value.items():
            if key in ('calls', 'call', 'environ'):
                continue
            if TECHNIQUE.fullmatch(key) and path and path[-1] == 'ttps':
                self.add('technique', {'technique'}, key)
            if key in ('yara', 'cape_yara') and isinstance(v, list):
                for rule in v:
                    self.add('YARA rule', {'yara'},
                             rule.get('name') if isinstance(rule, dict) else rule)
            if key in HASHES and not isinstance(v, (dict, list)):
                self.add('hash', ANY, v)
            for text in map(oracle.scalar, oracle.as_list(v)):
                if text and TECHNIQUE.fullmatch(text):
                    self.add('technique', {'technique', 'signature'}, text)
            self.elsewhere(v, path + (key,))


class Facts:
    """Texts of `assay facts` by kind."""

    def __init__(self, facts):
        self.by_kind, self.every = collections.defaultdict(set), set()
        self.processes = set()
        for fact in facts:
            texts = {oracle.scalar(v) for value in fact['attrs'].values()
                     for v in oracle.as_list(value)}
            self.by_kind[fact['kind']] |= texts
            self.every |= texts
            if fact['kind'] == 'process':
                self.processes |= {(pid, name)
                                   for pid in self.all_of(fact, 'pid')
                                   for name in self.all_of(fact, 'name')}

    @staticmethod
    def all_of(fact, name):
        return map(oracle.scalar, oracle.as_list(fact['attrs'].get(name, [])))

    def has(self, kinds, text):
        if kinds is ANY:
            return text in self.every
        return any(text in self.by_kind[kind] for kind in kinds)

    def has_process(self, pid, name):
        return (pid, name) in self.processes


class Description:
    """The text of `assay analyze --full`. Its pieces answer fast; what is no piece is searched."""

    EVIDENCE = re.compile(r' \[[0-9a-f]+-[0-9a-f]+(?: \+\d+)?\]$')

    def __init__(self, text):
        self.text = text
        self.pieces = set()
        for line in text.split('\n'):
            line = self.EVIDENCE.sub('', line.lstrip(' -•!'))
            for piece in re.split('; |；', line):
                self.pieces.add(piece)
                for mark in (': ', '：'):
                    self.pieces.add(piece.partition(mark)[2])

    def has(self, _, text):
        shown = oracle.visible(text)
        return shown in self.pieces or self.finds(shown)

    def finds(self, shown):
        """As a whole: 1.1.1.1 is not found in 11.1.1.1."""
        at = self.text.find(shown)
        while at >= 0:
            end = at + len(shown)
            if not (self.joined(at - 1, shown[0]) or self.joined(end, shown[-1])):
                return True
            at = self.text.find(shown, at + 1)
        return False

    def joined(self, at, neighbour):
        """Whether the character at `at` and its neighbour are of one word."""
        return (0 <= at < len(self.text) and self.text[at].isascii() and neighbour.isascii()
                and self.text[at].isalnum() and neighbour.isalnum())

    def has_process(self, pid, name):
        shown = oracle.visible(name)
        return f'{shown} (PID {pid})' in self.text or f'{shown}（PID {pid}）' in self.text


def misses(wanted, place):
    lost = [f'process {pid} {name!r}' for pid, name in sorted(wanted.processes)
            if not place.has_process(pid, name)]
    lost += [f'{category} {text[:160]!r}{"..." if len(text) > 160 else ""}'
             for category, text, kinds in sorted(wanted.named, key=lambda item: item[:2])
             if not place.has(kinds, text)]
    return lost


def describe(path, lang):
    return Description(oracle.run('analyze', '--full', '--format', 'text', '--width', '0',
                                  '--color', 'never', '--lang', lang, '-q', path)
                       .stdout.decode())


def main():
    total = read = 0
    for path, _, doc in oracle.reports():
        wanted = Wanted(doc)
        counts = collections.Counter(category for category, _, _ in wanted.named)
        counts['process'] = len(wanted.processes)
        print(f'{path.name}: ' + ', '.join(f'{n} {c}' for c, n in sorted(counts.items()) if n))
        places = [('facts', lambda: Facts(oracle.facts(path)))]
        places += [(f'analyze --lang {lang}', lambda lang=lang: describe(path, lang))
                   for lang in LANGUAGES]
        for name, make in places:
            lost = misses(wanted, make())
            if lost:
                print(f'  {len(lost)} not in {name}')
            for item in lost[:SHOWN]:
                print(f'    {item}')
            total += len(lost)
        read += 1
    print(f'{read} reports, {total} misses')
    return 1 if total or not read else 0


if __name__ == '__main__':
    sys.exit(main())
