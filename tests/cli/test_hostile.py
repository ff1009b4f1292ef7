#!/usr/bin/env python3
"""Reports written to do harm: to the terminal, to the page, to the reader, to the program.

Whatever a report says, none of the output formats lets through a control character, a
bidirectional override, a zero-width character, a live tag or a live link; a report that
cannot be read costs one line that says which and where, exit status 3, and nothing on
standard output, while the others on the command line are done.
"""
import copy
import gzip
import html.parser
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / 'support')]
import oracle  # noqa: E402
import test_evidence  # noqa: E402

FORMATS = ('text', 'md', 'html', 'json')
LANGUAGES = ('en', 'zh')
BATCH = 250  # files on one command line

# Each has a word of its own, by which it is found again.
ATTACKS = (
    'h0\x1b[31mred\x1b]0;title\x07\x1b]8;;http://h0.invalid\x1b\\link',
    'h1\x9b31mC1\x85\x90',
    'h2\u202eexe.gpj\u2066\u2069\u200f\u061c',
    'h3\u200bzero\u200c\u200d\ufeffwidth\u2060\u00ad\U000e0041\ufe0f\u034f',
    'h4\x00nul\x7fdel\x08\x08\x0b\x0c',
    'h5\u2028line\u2029paragraph\ue000\U0010ffff',
    'h6<script>alert(1)</script><script src=//h6.invalid></script>',
    'h7<img src=x onerror=alert(1)>"><svg onload=alert(1)>\'><iframe>',
    'h8</title></style></td></svg></pre></code><style>*{display:none}</style><!--',
    'h9]]><?php <a href="javascript:alert(1)">x</a>&lt;b&gt;&#60;i>&amp;',
    'i0 [link](http://i0.invalid) ![image](http://i0.invalid/x.png) <http://i0.invalid>',
    'i1 ```\n# heading\n\n---\n| a | b |\n|---|---|\n* item\n> quote',
    'i2 ` `` ``` <b>bold</b> `<i>`` __x__ **y** ~~z~~',
    '[i3]: http://i3.invalid "title"',
    'i4 https://i4.invalid/x?y=1 www.i4.invalid mailto:i4@i4.invalid javascript:alert(1)',
    'i5\r\nHTTP/1.1 200 OK\r\n\r\n\ttab\\',
    'i6%s%n%x{{7*7}}${7*7}$(id)`id`',
    'i7\ud800lone',
    '    i8 indented code', '# i9 heading', '- j0 list', '1. j1 list', '> j2 quote', '===',
    '`j3', 'j4`', '``', '<j5', '&lt;script&gt;j6', '\\', '|j7|', '<!--j8-->',
)
# A page that assay writes has no use for these.
FORBIDDEN_TAGS = {'script', 'img', 'iframe', 'object', 'embed', 'applet', 'form', 'input',
                  'button', 'base', 'link', 'frame', 'audio', 'video', 'image', 'use', 'animate',
                  'foreignobject', 'b', 'i', 'marquee', 'j5'}
STYLE_WITH_ADDRESS = re.compile(r'url\s*\(|@import|expression\s*\(', re.I)


def record(text, n=0):
    """A file record in which everything is hostile."""
    return {'name': text, 'path': text, 'guest_paths': text, 'filepath': text, 'size': 1,
            'md5': text, 'sha1': text, 'sha256': text, 'sha512': text, 'crc32': text,
            'ssdeep': text, 'tlsh': text, 'type': text, 'pid': n, 'process_name': text,
            'yara': [{'name': text, 'meta': {'description': text, text: text},
                      'strings': [text], 'addresses': {text: n}}],
            'cape_yara': [], 'clamav': [text], 'strings': [text], 'urls': [text],
            'domains': [text], 'ips': [text], 'cape_type': text, 'data': text,
            'pe': {'imphash': text, 'timestamp': text, 'pdbpath': text,
                   'sections': [{'name': text, 'entropy': text, 'virtual_size': text}],
                   'imports': {text: {'dll': text, 'imports': [{'name': text, 'address': text}]}},
                   'versioninfo': [{'name': text, 'value': text}],
                   'resources': [{'name': text, 'filetype': text}],
                   'digital_signers': [{'subject_commonName': text, text: text}]}}


def cape(text):
    process = {'process_id': 10, 'process_name': text, 'parent_id': 1, 'module_path': text,
               'first_seen': text, 'threads': [text], 'environ': {'CommandLine': text,
                                                                'UserName': text, text: text},
               'calls': [{'timestamp': text, 'thread_id': text, 'caller': text,
                          'parentcaller': text, 'category': text, 'api': text, 'status': True,
                          'return': text, 'pretty_return': text, 'repeated': 3, 'id': 0,
                          'arguments': [{'name': text, 'value': text, 'pretty_value': text}]}]}
    tree = dict(process, pid=10, name=text, children=[])
    del tree['calls']
    lists = ('files', 'read_files', 'write_files', 'delete_files', 'keys', 'read_keys',
             'write_keys', 'delete_keys', 'executed_commands', 'resolved_apis', 'mutexes',
             'created_services', 'started_services', text)
    return {
        'info': {'version': '2.4-CAPE', 'id': 1, 'started': text, 'ended': text,
                 'duration': 3, 'category': text, 'package': text, 'route': text,
                 'machine': {'name': text, 'label': text, 'manager': text},
                 'options': {text: text}},
        'target': {'category': 'file', 'file': record(text)},
        'behavior': {'processes': [process], 'processtree': [tree],
                     'summary': {key: [text] for key in lists},
                     'enhanced': [{'event': text, 'object': text, 'timestamp': text, 'eid': 1,
                                   'data': {'file': text, 'regkey': text, text: text}}],
                     'encryptedbuffers': [{'process_name': text, 'pid': 10, 'api_call': text,
                                           'buffer': text, 'buffer_size': '3'}],
                     'anomaly': [text]},
        'signatures': [{'name': text, 'description': text, 'severity': 3, 'weight': 1,
                        'confidence': 1, 'references': [text], 'families': [text],
                        'data': [{text: text}, {'type': 'call', 'pid': 10, 'cid': 0}]}],
        'ttps': [{'signature': text, 'ttps': [text, 'T1055']}],
        'mitre_attck': {text: [{'t_id': text, 'ttp_name': text, 'description': text,
                                'signature': [text]}]},
        'detections': [{'family': text, 'details': [{text: text}]}],
        'malscore': 10.0,
        'CAPE': {'payloads': [record(text, 10)], 'configs': [{text: {text: [text, {text: 1}]}}]},
        'dropped': [record(text)], 'procdump': [record(text, 10)],
        'network': {'hosts': [{'ip': text, 'country_name': text, 'hostname': text}],
                    'domains': [{'domain': text, 'ip': text}],
                    'dns': [{'request': text, 'type': text,
                             'answers': [{'data': text, 'type': text}]}],
                    'tcp': [{'src': text, 'sport': 1, 'dst': text, 'dport': 2, 'time': 1.5}],
                    'http': [{'host': text, 'uri': text, 'method': text, 'body': text,
                              'user-agent': text}],
                    'dead_hosts': [[text, 3]], 'icmp': [{'src': text, 'dst': text, 'type': 8}],
                    'smtp': [{'dst': text, 'raw': text}], 'irc': [{'command': text}]},
        'suricata': {'alerts': [{'signature': text, 'category': text, 'srcip': text,
                                 'dstip': text, 'sid': 1}],
                     'tls': [{'sni': text, 'subject': text, 'issuerdn': text}],
                     'files': [{'filename': text, 'sha256': text}]},
        'virustotal': {'positives': 1, 'total': 2, 'scans': {text: {'detected': True,
                                                                    'result': text}}},
        'curtain': {'10': {'pid': '10', 'behaviors': [text],
                           'events': [{text: {'original': text, 'altered': text}}]}},
        'debug': {'log': text, 'errors': [text]}, 'screenshots': [text],
        'strings': [text], text: {text: [text]},
    }


def cuckoo(text):
    return {
        'info': {'id': 7, 'version': '2.0.7', 'started': 1684583210.25, 'ended': 1684583322.5,
                 'duration': 112, 'package': text, 'machine': {'name': text}},
        'target': {'category': 'file', 'file': record(text)},
        'behavior': {
            'generic': [{'pid': 5, 'ppid': 1, 'process_name': text,
                         'summary': {'file_written': [text], 'regkey_written': [text],
                                     'command_line': [text], 'file_moved': [[text, text]]}}],
            'processes': [{'pid': 5, 'ppid': 1, 'process_name': text, 'process_path': text,
                           'command_line': text, 'first_seen': 1684583219.0, 'track': True,
                           'files': [{'operate': 'written', 'value': text}], 'mutex': [text],
                           'calls': [{'api': text, 'category': text, 'time': 1684583220.5,
                                      'tid': 12, 'status': 1, 'return_value': 0,
                                      'arguments': {text: text}, 'flags': {}}]}],
            'processtree': [{'pid': 5, 'ppid': 1, 'process_name': text, 'command_line': text,
                             'children': []}],
            'apistats': {'5': {text: 3}}, 'summary': {'mutex': [text], text: [text]}},
        'signatures': [{'name': text, 'description': text, 'severity': 3, 'markcount': 2,
                        'attck_id': 'T1059', 'attck_info': {'ID': text, 'title': text},
                        'families': [text], 'references': [text],
                        'marks': [{'type': 'generic', 'value': text, 'option': text},
                                  {'type': 'ioc', 'ioc': text, 'category': text},
                                  {'type': 'call', 'pid': 5, 'cid': 0,
                                   'call': {'api': text, 'arguments': {text: text}}}]}],
        'sigma': [{'rule_source': text, 'result': [{'title': text, 'id': 1, 'level': text,
                                                    'tags': [text]}]}],
        'tsmam': {'malconfigs': [{text: {text: text}}], 'payloads': []},
        'extracted': [{'category': text, 'program': text, 'pid': 5, 'script': text}],
        'network': {'hosts': [text], 'http_ex': [{'host': text, 'uri': text, 'request': text}]},
        'debug': {'errors': [text], 'log': [text]}, 'strings': {text: [text]},
    }


MAKERS = {'cape': cape, 'cuckoo': cuckoo}


def encoded(doc):
    return json.dumps(doc).encode()  # ASCII: a lone surrogate stays an escape


def paths_of(value, path=()):
    yield path
    members = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, member in members:
        yield from paths_of(member, path + (key,))


def replaced(doc, path, value):
    if not path:
        return value
    doc = copy.deepcopy(doc)
    at = doc
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return doc


class Page(html.parser.HTMLParser):
    """What of a page is alive."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.alive, self.words = [], []
        self.inside = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag in FORBIDDEN_TAGS or not re.fullmatch('[a-z][a-z0-9]*', tag):
            self.alive.append(f'<{tag}>')
        self.inside = tag
        for name, value in attrs:
            value = value or ''
            if name.startswith('on') or name in ('src', 'srcdoc', 'action', 'formaction'):
                self.alive.append(f'<{tag} {name}>')
            if name in ('href', 'xlink:href') and not value.startswith('#'):
                self.alive.append(f'<{tag} {name}={value!r}>')
            if name == 'style' and STYLE_WITH_ADDRESS.search(value):
                self.alive.append(f'<{tag} style={value!r}>')
            if tag == 'meta' and name == 'http-equiv' and 'refresh' in value.lower():
                self.alive.append('<meta refresh>')

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == 'style' and STYLE_WITH_ADDRESS.search(data):
            self.alive.append('a style sheet with an address')
        self.words.append(data)

    def handle_comment(self, data):
        self.alive.append(f'<!--{data[:40]}')

    def handle_pi(self, data):
        self.alive.append(f'<?{data[:40]}')

    def unknown_decl(self, data):
        self.alive.append(f'<![{data[:40]}')


def without_code_spans(line):
    """The line with the insides of its code spans and its escaped characters taken out."""
    out, at = [], 0
    while at < len(line):
        if line[at] == '\\' and at + 1 < len(line):
            at += 2
        elif line[at] == '`':
            fence = re.match('`+', line[at:]).group()
            end = re.search('(?<!`)' + fence + '(?!`)', line[at + len(fence):])
            at += len(fence) + (end.end() if end else 0)
            out.append('C' if end else fence)
        else:
            out.append(line[at])
            at += 1
    return ''.join(out)


def alive_in_markdown(text):
    for line in text.split('\n'):
        bare = without_code_spans(line)
        for sign in ('<', '](', '![', ']:', '`', '://', 'www.'):
            if sign in bare:
                yield f'{sign} in {line[:120]!r}'
        if re.match(r' {4,}(?![ ]*-)', line) or re.match('(---|===)', line):
            yield f'a block: {line[:120]!r}'


def hidden_in(text):
    return sorted({f'U+{ord(c):04X}' for c in set(text) if c != '\n' and oracle.hidden(c)})


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='assay-hostile-'))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def write(self, name, content):
        path = self.dir / name
        path.write_bytes(content)
        return path

    def assay(self, *args):
        """Ran to an end of its own: neither a signal nor a sanitizer's report."""
        done = subprocess.run([oracle.BIN, *map(str, args)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
                              timeout=300, env=dict(os.environ, LC_ALL='C.UTF-8'))
        done.stderr = done.stderr.decode()
        self.assertIn(done.returncode, (0, 3), (args, done.stderr[:2000]))
        return done

    def refused(self, path, *words):
        """One line and status 3 from each command, and nothing on standard output."""
        for command in (('analyze', '--json'), ('facts',), ('calls',)):
            done = self.assay(*command, path)
            self.assertEqual((done.returncode, done.stdout), (3, b''), (command, path))
            self.assertRegex(done.stderr, r'\Aassay: error: [^\n]+\n\Z')
            self.assertIn(str(path), done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)

    def batches(self, paths):
        for i in range(0, len(paths), BATCH):
            yield paths[i:i + BATCH]


class Output(Case):
    def outputs(self, path):
        for lang in LANGUAGES:
            for full in ((), ('--full',), ('--full', '--coverage')):
                for form in FORMATS:
                    done = self.assay('analyze', '--lang', lang, '--format', form, '--color',
                                      'never', *full, path)
                    self.assertEqual((done.returncode, done.stderr), (0, ''))
                    yield form, lang, full, done.stdout.decode()

    def check(self, path, words):
        for form, lang, full, text in self.outputs(path):
            where = (path.name, form, lang, full)
            self.assertEqual(hidden_in(text), [], where)
            if form == 'md':
                self.assertEqual(list(alive_in_markdown(text))[:3], [], where)
                self.check_rendered(text, where)
            elif form == 'html':
                page = Page(text)
                self.assertEqual(page.alive[:3], [], where)
                text = ' '.join(page.words)
            elif form == 'json':
                json.loads(text)
            if full:
                for word in words:
                    self.assertIn(word, text, where)

    def check_rendered(self, text, where):
        """With CommonMark's own program, where it is installed."""
        if not shutil.which('cmark'):
            return
        done = subprocess.run(['cmark', '--unsafe'], input=text.encode(), check=True,
                              stdout=subprocess.PIPE)
        page = done.stdout.decode()
        self.assertEqual(Page(page).alive[:3], [], where)
        self.assertNotRegex(page, '<(a|h[4-6]|hr|pre)[ />]', where)

    def test_one_attack_everywhere_is_dead_in_every_format(self):
        for i, attack in enumerate(ATTACKS):
            for name, make in MAKERS.items():
                word = re.search('[hij][0-9]', attack)
                path = self.write(f'{name}{i}.json', encoded(make(attack)))
                self.check(path, [word.group()] if word else [])

    def test_all_attacks_at_once_are_dead_in_every_format(self):
        for name, make in MAKERS.items():
            for mix in (''.join(ATTACKS), ' '.join(reversed(ATTACKS)), '\n'.join(ATTACKS)):
                self.check(self.write(f'{name}.json', encoded(make(mix))), ['h0'])

    def test_facts_and_calls_hold_no_raw_control_character(self):
        for i, attack in enumerate(ATTACKS):
            for name, make in MAKERS.items():
                path = self.write(f'{name}{i}.json', encoded(make(attack)))
                for command in ('facts', 'calls'):
                    text = self.assay(command, path).stdout.decode()
                    self.assertEqual(hidden_in(text), [], (command, attack))
                    said = oracle.SURROGATE.sub('\ufffd', attack)
                    self.assertTrue(any(said in oracle.walk_texts(json.loads(line))
                                        for line in text.splitlines()), (command, attack))

    def test_colour_adds_nothing_but_colour(self):
        for attack in ATTACKS[:6]:
            path = self.write('report.json', encoded(cape(attack)))
            plain, colour = (self.assay('analyze', '--full', '--color', when, path).stdout.decode()
                             for when in ('never', 'always'))
            self.assertEqual(re.sub('\x1b\\[[0-9;]*m', '', colour), plain)

    def test_a_name_of_a_file_is_as_hostile_as_its_content(self):
        name = '\x1b[31m\u202e<script>[x](http:x)`.json'
        good = self.write(name, encoded(cape('x')))
        self.check(good, [])
        bad = self.write('cut' + name, encoded(cape('x'))[:-1])
        self.assertEqual(hidden_in(self.assay('analyze', bad).stderr), [])


class Size(Case):
    def test_a_string_of_five_million_bytes_is_kept_whole(self):
        for text in ('A' * 5_000_000, '\u4e2d' * 1_700_000, '<\x1b`' * 1_700_000):
            report = cape('x')
            report['behavior']['summary']['mutexes'] = [text]
            path = self.write('long.json', encoded(report))
            held = [f for f in oracle.facts(path) if f['kind'] == 'mutex']
            self.assertEqual([f['attrs']['name'] == text for f in held], [True])
            shown = self.assay('analyze', '--full', '--width', '0', path).stdout.decode()
            self.assertTrue(oracle.visible(text) in shown)
            short = self.assay('analyze', '--width', '0', path).stdout
            self.assertLess(len(short), 100_000)

    def test_lists_of_a_hundred_thousand_are_folded_and_listed(self):
        names = [f'Global\\{i}' for i in range(100_000)]
        report = cape('x')
        report['behavior']['summary']['mutexes'] = names
        report['behavior']['summary']['write_files'] = [f'C:\\{i % 977}\\{i}' for i in
                                                        range(100_000)]
        path = self.write('many.json', encoded(report))
        held = {f['attrs']['name'] for f in oracle.facts(path) if f['kind'] == 'mutex'}
        self.assertTrue(held >= set(names))
        for form in FORMATS:
            for lang in LANGUAGES:
                short = self.assay('analyze', '--lang', lang, '--format', form, path).stdout
                if form != 'json':  # which names every evidence
                    self.assertLess(len(short), 300_000, (form, lang))
        full = self.assay('analyze', '--full', '--width', '0', path).stdout.decode()
        shown = set(re.findall(r'Global\\\d+', full))
        self.assertEqual(len(shown), len(names))

    def test_deep_nesting_is_read_up_to_the_limit_and_refused_beyond(self):
        text = encoded(cape('x'))[:-1]
        path = self.write('ok.json', text + b',"z":' + b'[' * 200 + b']' * 200 + b'}')
        self.assertEqual(self.assay('analyze', path).returncode, 0)
        for deep in (b'[' * 100_000 + b']' * 100_000 + b'}', b'{"a":' * 100_000, b'[' * 5_000_000):
            self.refused(self.write('deep.json', text + b',"z":' + deep), 'byte ', 'deep')

    def test_a_tree_of_processes_may_be_as_deep_as_json_may(self):
        node = {'pid': 0, 'name': 'leaf', 'children': []}
        for pid in range(1, 100):
            node = {'pid': pid, 'name': f'p{pid}', 'parent_id': pid + 1, 'children': [node]}
        report = cape('x')
        report['behavior']['processtree'] = [node]
        path = self.write('tree.json', encoded(report))
        for form in FORMATS:
            done = self.assay('analyze', '--format', form, path)
            self.assertEqual(done.returncode, 0)
            self.assertIn(b'p99', done.stdout)

    def test_processes_in_a_ring_end(self):
        report = cape('x')
        ring = report['behavior']['processes']
        ring[:] = [dict(ring[0], process_id=i, parent_id=(i + 1) % 3, process_name=f'ring{i}')
                   for i in range(3)] + [dict(ring[0], process_id=9, parent_id=9)]
        path = self.write('ring.json', encoded(report))
        for form in FORMATS:
            done = self.assay('analyze', '--full', '--format', form, path)
            for i in range(3):
                self.assertIn(f'ring{i}'.encode(), done.stdout)

    def test_a_gzip_bomb_is_refused_early(self):
        text = encoded(cape('x'))
        bomb = gzip.compress(text[:-1] + b' ' * (400 << 20) + b'}', 9)
        path = self.write('bomb.json.gz', bomb)
        self.refused(path, 'byte ', 'bomb')
        told = re.search('byte ([0-9]+):', self.assay('facts', path).stderr)
        self.assertLess(int(told.group(1)), 128 << 20)
        twice = self.write('twice.json', gzip.compress(gzip.compress(text)))
        self.refused(twice, 'byte 0')


class Broken(Case):
    def doubtful(self, content, *words):
        self.refused(self.write('bad.json', content), *words)

    def test_bytes_that_json_does_not_allow_are_named_by_offset(self):
        text = encoded(cape('MARK'))
        at = text.index(b'MARK')
        for bad in (b'\x00', b'\x01', b'\x1f', b'\n', b'\xff', b'\xc0\xaf', b'\xed\xa0\x80',
                    b'\xf4\x90\x80\x80', b'\x80', b'\xe4\xb8'):
            path = self.write('bad.json', text[:at] + bad + text[at + 4:])
            self.refused(path)
            told = re.search('byte ([0-9]+):', self.assay('facts', path).stderr)
            self.assertIn(int(told.group(1)), range(at, at + len(bad) + 1), bad)
        self.doubtful(text[:at] + b'\\x' + text[at + 4:], 'byte ')
        for tail in (b'x', b'{}', b'\x00', b',', b'\xff'):
            self.doubtful(text + tail, f'byte {len(text)}:')
        self.doubtful(b'\x00' * 4096, 'byte 0')

    def test_what_is_no_report_is_told_in_one_line(self):
        for content in (b'', b' \n', b'{}', b'[]', b'null', b'"x"', b'1', b'{"a":1}', b'[{}]',
                        b'{"info":{}}', b'MZ\x90\x00', b'PK\x03\x04', b'%PDF-1.4', b'\x1f\x8b',
                        b'\x1f\x8b\x08\x00', gzip.compress(b''), gzip.compress(b'{}')):
            self.doubtful(content)

    def test_what_is_no_regular_file_is_told_in_one_line(self):
        os.mkfifo(self.dir / 'fifo')
        for path in (self.dir, self.dir / 'absent', self.dir / 'fifo'):
            self.refused(path)
        locked = self.write('locked.json', encoded(cape('x')))
        locked.chmod(0)
        if not os.access(locked, os.R_OK):
            self.refused(locked, 'ermission')
        locked.chmod(stat.S_IRUSR | stat.S_IWUSR)

    def test_a_key_given_twice_is_told_and_both_values_are_kept(self):
        text = encoded(cape('x'))[:-1] + b',"malscore":"first","malscore":"second"}'
        path = self.write('twice.json', text)
        doubts = json.loads(self.assay('analyze', '--json', path).stdout)['analyses'][0]['doubts']
        self.assertGreaterEqual(doubts['duplicate_keys'], 2)
        said = [f['attrs'].get('score') for f in oracle.facts(path)]
        self.assertIn('first', said)
        self.assertIn('second', said)
        ids = [f['evidence'] for f in oracle.facts(path) if f['kind'] == 'score']
        for e in ids:
            self.assertIn(text[int(e['begin']):int(e['end'])], (b'10.0', b'"first"', b'"second"'))

    def test_every_cut_of_a_report_is_refused_and_the_others_are_done(self):
        good = self.write('good.json', encoded(cuckoo('x')))
        alone = self.assay('facts', good).stdout
        for name, make in MAKERS.items():
            text = encoded(make('x"\u4e2d\\'))
            self.all_refused(name, [(at, text[:at]) for at in range(0, len(text), oracle.STRIDE)], good,
                             alone)

    def test_every_cut_of_a_packed_report_is_refused_too(self):
        good = self.write('good.json', encoded(cuckoo('x')))
        alone = self.assay('facts', good).stdout
        packed = gzip.compress(encoded(cape('x')))
        self.all_refused('packed', [(None, packed[:at]) for at in range(0, len(packed), oracle.STRIDE)],
                         good, alone)
        for at in range(0, len(packed), 7):
            bent = bytearray(packed)
            bent[at] ^= 0x10
            self.assay('facts', self.write('bent', bytes(bent)))

    def all_refused(self, name, contents, good, alone):
        paths = [(self.write(f'{name}-{i}', content), at)
                 for i, (at, content) in enumerate(contents)]
        for batch in self.batches(paths):
            half = len(batch) // 2
            done = self.assay('facts', *[p for p, _ in batch[:half]], good,
                              *[p for p, _ in batch[half:]])
            self.assertEqual((done.returncode, done.stdout), (3, alone))
            lines = done.stderr.splitlines()
            self.assertEqual(len(lines), len(batch))
            for line, (path, at) in zip(lines, batch):
                self.assertTrue(line.startswith(f'assay: error: {path}: byte ')
                                or at is None and str(path) in line, line)
                if at is not None:
                    told = int(re.search('byte ([0-9]+)', line).group(1))
                    self.assertLessEqual(told, at, line)
            for path, _ in batch:
                path.unlink()

    def test_real_reports_cut_in_many_places_are_refused(self):
        good = self.write('good.json', encoded(cuckoo('x')))
        alone = self.assay('facts', good).stdout
        for path, data, _ in oracle.reports():
            if len(data) > 1_000_000:
                continue
            text = data.rstrip()
            step = len(text) * oracle.STRIDE // 61 or 1
            self.all_refused(path.stem, [(at, text[:at]) for at in
                                         [*range(0, len(text), step), len(text) - 1]], good, alone)

    def test_a_value_of_any_other_type_stops_no_reader_and_evidence_still_holds(self):
        others = (None, True, 0, -1.5e300, 18446744073709551616, 'x', [], {}, [[[]]],
                  {'x': {'y': [1, 'z']}}, [None, 1, 'a', {'b': []}, [2]])
        for name, make in MAKERS.items():
            doc = make('v')
            contents = {}
            for i, path in enumerate(paths_of(doc)):
                for k, other in enumerate(others):
                    if path and k % 3 == i % 3 and i % oracle.STRIDE == 0:
                        contents[self.dir / f'{name}-{i}-{k}'] = replaced(doc, path, other)
            self.check_mutants(contents)

    def test_every_key_may_be_missing(self):
        for name, make in MAKERS.items():
            doc = make('v')
            contents = {}
            for i, path in enumerate(paths_of(doc)):
                if path and i % oracle.STRIDE == 0:
                    mutant = copy.deepcopy(doc)
                    at = mutant
                    for step in path[:-1]:
                        at = at[step]
                    del at[path[-1]]
                    contents[self.dir / f'{name}-{i}'] = mutant
            self.check_mutants(contents)

    def check_mutants(self, contents):
        ranges = {}
        for path, doc in contents.items():
            data = encoded(doc)
            path.write_bytes(data)
            held = test_evidence.Ranges(data, oracle.parse(data.decode()))
            ranges[held.hash] = held
        for batch in self.batches(list(contents)):
            done = self.assay('facts', *batch)
            # Only a report that no longer says which tool wrote it may be refused.
            for line in done.stderr.splitlines():
                self.assertRegex(line, r'\Aassay: error: \S+: .*report')
            self.assertLess(done.stderr.count('\n'), 60)
            for line in done.stdout.decode().splitlines():
                fact = oracle.parse(line)
                held = ranges[fact['evidence']['id'].split('-')[0]]
                self.assertEqual(test_evidence.faults_of(held, fact), [], line)
        for path in list(contents)[::40]:
            for form in FORMATS:
                done = self.assay('analyze', '--full', '--format', form, path)
                self.assertEqual(done.stdout == b'', done.returncode == 3, path)


if __name__ == '__main__':
    unittest.main(verbosity=2 if '-v' in sys.argv else 1)
