#!/usr/bin/env python3
"""Drives the program named by $ASSAY_BIN as a user would: what stands on standard output,
what on standard error, the exit status, and what is left behind."""
import gzip
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ.get('ASSAY_BIN', 'build/assay')
DATA = pathlib.Path(os.environ.get('ASSAY_DATA', '../shared/data'))
COMMANDS = ('analyze', 'facts', 'calls', 'evidence', 'add', 'samples', 'show', 'rm', 'ask',
            'search', 'export', 'import', 'check', 'stats', 'eval', 'formats', 'doctor', 'help',
            'completion', 'man')
HOSTILE = 'a\x1b[31m\u202egpj.exe<script>'

# A run of Cuckoo, cut down to what these tests ask for.
REPORT = {
    'info': {'id': 7, 'version': '2.0.7', 'started': 1684583210.25, 'ended': 1684583322.5,
             'duration': 112, 'category': 'file', 'score': 3.2,
             'machine': {'name': 'win7', 'label': 'win7', 'status': 'stopped'}},
    'target': {'category': 'file', 'file': {
        'name': 'sample.exe', 'size': 4096, 'type': 'PE32 executable', 'md5': '0' * 32,
        'sha1': '1' * 40, 'sha256': '2' * 64}},
    'behavior': {
        'generic': [],
        'processes': [{
            'process_path': 'C:\\sample.exe', 'calls': [
                {'category': 'file', 'status': 1, 'stacktrace': [], 'api': 'NtCreateFile',
                 'return_value': 0, 'arguments': {'filepath': 'C:\\\u4e2d\u6587.txt',
                                                  'name': HOSTILE},
                 'time': 1684583220.5, 'tid': 12, 'flags': {}},
                {'category': 'process', 'status': 0, 'stacktrace': [], 'api': 'NtOpenProcess',
                 'return_value': 3221225506, 'arguments': {'process_identifier': 4},
                 'time': 1684583221.5, 'tid': 12, 'flags': {}}],
            'pid': 1234, 'ppid': 1000, 'process_name': 'sample.exe', 'first_seen': 1684583219.0,
            'command_line': '"C:\\sample.exe" /q', 'type': 'process'}],
        'processtree': [],
        'summary': {'mutex': ['Global\\one', HOSTILE], 'file_created': ['C:\\x.txt']}},
    'debug': {'errors': [], 'log': [], 'action': [], 'dbgview': []},
}


def run(*args, env=None, raw=False, **options):
    """The finished process; its streams are text unless `raw`."""
    full = dict(os.environ, LC_ALL='C.UTF-8', TERM='dumb')
    full.pop('NO_COLOR', None)
    full.pop('COLUMNS', None)
    full.update(env or {})
    options.setdefault('stdout', subprocess.PIPE)
    options.setdefault('stdin', None if 'input' in options else subprocess.DEVNULL)
    if 'input' in options:
        del options['stdin']
    done = subprocess.run([BIN, *args], stderr=subprocess.PIPE, env=full, timeout=120,
                          check=False, **options)
    if not raw:
        done.stderr = done.stderr.decode()
        done.stdout = (done.stdout or b'').decode()
    return done


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='assay-cli-'))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.report = self.write('report.json', json.dumps(REPORT, ensure_ascii=False))

    def write(self, name, content):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def path(self, name):
        return str(self.dir / name)

    def says(self, done, status, line):
        """One line on standard error, nothing on standard output."""
        self.assertEqual((done.returncode, done.stderr, done.stdout),
                         (status, f'assay: error: {line}\n', ''))

    def refused(self, done, *words):
        """Exit status 3 and one line that holds each of the words."""
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, '')
        self.assertRegex(done.stderr, r'\Aassay: error: [^\n]+\n\Z')
        for word in words:
            self.assertIn(word, done.stderr)


class Usage(Case):
    def test_no_command_is_a_usage_error(self):
        self.says(run(), 2, "no command given; try 'assay help'")

    def test_an_unknown_command_is_named(self):
        self.says(run('zzz'), 2, "unknown command 'zzz'; try 'assay help'")

    def test_a_typo_gets_the_nearest_command(self):
        self.says(run('analyse'), 2, "unknown command 'analyse'; did you mean 'analyze'?")

    def test_a_report_without_a_command_gets_a_hint(self):
        self.says(run(self.report), 2, f"unknown command '{self.report}'; to describe that "
                  "report, 'assay analyze' comes first")

    def test_an_unknown_option_is_one_exact_line(self):
        self.says(run('analyze', '--foo', self.report), 2,
                  "unknown option '--foo' for 'analyze'; try 'assay help analyze'")
        self.says(run('--foo'), 2, "unknown option '--foo'; try 'assay help'")

    def test_contradictions_are_refused(self):
        self.says(run('analyze', '--json', '--format', 'md', self.report), 2,
                  "'--json' and '--format md' contradict each other; try 'assay help analyze'")
        self.says(run('evidence', '1-1', '--in', self.report, '--raw', '--json'), 2,
                  "'--raw' and '--json' contradict each other; try 'assay help evidence'")

    def test_a_width_is_a_number_in_range(self):
        for width in ('19', '1001', '-1', '8O', '', '99999999999999999999'):
            self.assertEqual(run('analyze', f'--width={width}', self.report).returncode, 2, width)
        for width in ('0', '20', '1000'):
            self.assertEqual(run('analyze', f'--width={width}', self.report).returncode, 0, width)

    def test_evidence_needs_a_report_and_an_id(self):
        self.says(run('evidence', '1-1'), 2, "'1-1' does not say which report it is of: that "
                  "needs --in REPORT; try 'assay help evidence'")
        self.assertEqual(run('evidence', 'xyz', '--in', self.report).returncode, 2)

    def test_control_characters_in_an_argument_stay_off_the_screen(self):
        done = run('\x1b[31mred')
        self.assertEqual(done.returncode, 2)
        self.assertNotIn('\x1b', done.stderr)


class Help(Case):
    def test_every_command_has_help_in_both_ways(self):
        for command in COMMANDS:
            one, two = run('help', command), run(command, '--help')
            self.assertEqual((one.returncode, one.stderr), (0, ''))
            self.assertTrue(one.stdout.startswith(f'Usage: assay {command} '))
            self.assertEqual(one.stdout, two.stdout)
            self.assertEqual(one.stdout, run('--help', command).stdout)

    def test_the_overview_lists_every_command(self):
        done = run('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(done.stdout, run('help').stdout)
        for command in COMMANDS:
            self.assertIn(f'\n  {command} ', done.stdout)

    def test_help_for_what_is_no_command(self):
        self.says(run('help', 'zzz'), 2, "unknown command 'zzz'; try 'assay help'")
        self.says(run('man', 'zzz'), 2, "no manual page for 'zzz'; try 'assay help'")

    def test_the_version_is_one_line(self):
        self.assertRegex(run('--version').stdout, r'\Aassay \d+\.\d+\.\d+\n\Z')

    def test_completion_scripts_parse(self):
        for shell in ('bash', 'zsh', 'fish'):
            script = self.write(f'script.{shell}', run('completion', shell).stdout)
            if shutil.which(shell):
                done = subprocess.run([shell, '-n', script], capture_output=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, b''))

    def test_bash_completes_commands_options_and_values(self):
        script = self.write('script', run('completion', 'bash').stdout + '''
            try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _assay; echo "${COMPREPLY[*]}"; }
            try assay ana; try assay analyze --lan; try assay analyze --lang ''
            try assay help evi; try assay completion f; try assay facts --lan; try assay --v
            try assay analyze rep''')
        done = subprocess.run(['bash', script], capture_output=True, check=True)
        self.assertEqual(done.stdout.decode().split('\n')[:-1],
                         ['analyze', '--lang', 'zh en', 'evidence', 'fish', '', '--version', ''])

    def test_manual_pages_are_clean(self):
        for command in ('', *COMMANDS):
            page = run('man', *[command] if command else []).stdout
            self.assertTrue(page.startswith('.TH ASSAY'))
            path = self.write('page.1', page)
            if shutil.which('mandoc'):
                done = subprocess.run(['mandoc', '-Tlint', '-Wwarning', path],
                                      capture_output=True, check=False)
                # No date on purpose: the same version makes the same page.
                left = [l for l in done.stdout.decode().splitlines() if 'missing date' not in l]
                self.assertEqual(left, [])
            if shutil.which('groff'):
                done = subprocess.run(['groff', '-ww', '-man', '-Tutf8', path],
                                      capture_output=True, check=True)
                self.assertEqual(done.stderr, b'')

    def test_doctor_tells_the_same_in_both_forms(self):
        text, document = run('doctor'), json.loads(run('doctor', '--json').stdout)
        self.assertEqual(text.returncode, 0)
        self.assertEqual(document['schema'], 'assay/doctor/1')
        names = [f['name'] for f in document['findings']]
        for name in ('zlib', 'OpenSSL', 'AVX2', 'text encoder', 'language model', 'jq'):
            self.assertIn(name, names)
        for finding in document['findings']:
            self.assertIn(finding['state'], ('ok', 'missing', 'unused'))
            self.assertIn(finding['detail'], text.stdout)
            self.assertIn(finding['use'], text.stdout)

    def test_doctor_shows_a_folder_that_is_not_there(self):
        done = run('doctor', env={'ASSAY_HOME': '/nonexistent/\x1b[31m'})
        self.assertEqual(done.returncode, 0)
        self.assertIn('/nonexistent/\\x1b[31m (not there)', done.stdout)


class Inputs(Case):
    def test_a_missing_file(self):
        self.refused(run('analyze', self.path('none')), "cannot open", 'No such file')

    def test_an_empty_folder(self):
        os.mkdir(self.path('empty'))
        self.refused(run('analyze', self.path('empty')), 'it is empty')

    def test_a_fifo_does_not_hang(self):
        os.mkfifo(self.path('fifo'))
        self.refused(run('analyze', self.path('fifo')), 'is a FIFO')

    def test_an_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest('root reads everything')
        os.chmod(self.report, 0)
        self.refused(run('analyze', self.report), 'Permission denied')

    def test_an_empty_file(self):
        for command in ('analyze', 'facts', 'calls'):
            self.refused(run(command, self.write('empty', '')), ': byte 0: ')

    def test_json_of_no_tool(self):
        self.refused(run('analyze', self.write('other', '{"a": [1, 2]}')), 'other')

    def test_a_report_cut_anywhere_is_refused(self):
        whole = pathlib.Path(self.report).read_bytes().rstrip()
        for n in range(0, len(whole), 97):
            cut = self.write('cut', whole[:n])
            for command in ('analyze', 'facts', 'calls'):
                self.refused(run(command, cut), 'cut: byte ')

    def test_a_name_in_a_message_is_escaped(self):
        bad = self.write('\x1b[31m\nx', 'no json')
        done = run('analyze', bad)
        self.refused(done, '\\x1b[31m\\nx: byte ')

    def test_a_very_long_name_leaves_room_for_the_reason(self):
        deep = '/'.join([str(self.dir)] + ['.'] * 600 + ['bad'])
        self.write('bad', '{')
        self.refused(run('analyze', deep), '/bad: byte ', 'end')

    def test_gzip_gives_the_same(self):
        packed = self.write('report.gz', gzip.compress(pathlib.Path(self.report).read_bytes()))
        for command in ('facts', 'calls'):
            self.assertEqual(run(command, packed).stdout, run(command, self.report).stdout)

    def test_standard_input_gives_the_same(self):
        content = pathlib.Path(self.report).read_bytes()
        for command in ('facts', 'calls'):
            done = run(command, '-', input=content)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertEqual(done.stdout, run(command, self.report).stdout)
        self.refused(run('facts', '-', input=content[:-9]), 'standard input: byte ')

    def test_one_bad_report_does_not_stop_the_others(self):
        bad = self.write('bad', '{"info": ')
        for command in ('facts', 'calls', 'analyze'):
            one = run(command, self.report)
            done = run(command, bad, self.report, self.path('none'))
            self.assertEqual(done.returncode, 3)
            self.assertEqual(len(done.stderr.splitlines()), 2)
            self.assertEqual(done.stdout, one.stdout)

    def test_one_document_of_all_that_were_good(self):
        bad = self.write('bad', '{')
        other = 'examples/cuckoo-report.json'
        done = run('analyze', '--json', self.report, bad, other)
        self.assertEqual(done.returncode, 3)
        self.assertEqual(len(json.loads(done.stdout)['analyses']), 2)
        done = run('analyze', '--format', 'html', self.report, bad, other)
        self.assertEqual(done.stdout.lower().count('<html'), 1)
        self.refused(run('analyze', '--json', bad), 'bad: byte ')


class Output(Case):
    def test_closed_and_full_standard_output(self):
        for command in (['analyze'], ['facts'], ['calls'], ['analyze', '--json']):
            with open('/dev/full', 'wb') as full:
                done = run(*command, self.report, stdout=full)
            self.says(done, 4, 'cannot write to standard output: No space left on device')
            done = run(*command, self.report, stdout=None, preexec_fn=lambda: os.close(1))
            self.says(done, 4, 'cannot write to standard output: Bad file descriptor')
        with open('/dev/full', 'wb') as full:
            self.assertEqual(run('--help', stdout=full).returncode, 4)

    def test_a_reader_that_goes_away_is_no_message(self):
        out, into = os.pipe()
        os.close(out)
        done = run('facts', self.report, stdout=into)
        os.close(into)
        self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ''))

    def test_a_closed_standard_error_does_not_end_up_in_the_output(self):
        done = run('facts', self.report, self.path('none'), '-o', self.path('out'),
                   preexec_fn=lambda: os.close(2))
        self.assertEqual(done.returncode, 3)
        self.assertNotIn('assay: error', (self.dir / 'out').read_text())

    def test_output_is_what_standard_output_would_be(self):
        for command in (['analyze'], ['analyze', '--json'], ['facts'], ['calls']):
            done = run(*command, self.report, '-o', self.path('out'))
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))
            self.assertEqual((self.dir / 'out').read_text(), run(*command, self.report).stdout)
        self.assertEqual(sorted(os.listdir(self.dir)), ['out', 'report.json'])

    def test_output_in_an_unwritable_place(self):
        done = run('analyze', self.report, '-o', self.path('none/out'))
        self.says(done, 4, f"cannot write '{self.path('none/out')}': No such file or directory")
        done = run('analyze', self.report, '-o', str(self.dir))
        self.says(done, 4, f"cannot write '{self.dir}': Is a directory")

    def test_output_of_nothing_good_leaves_the_old_file(self):
        out = self.write('out', 'old')
        self.refused(run('facts', self.write('bad', '['), '-o', out))
        self.assertEqual((self.dir / 'out').read_text(), 'old')
        self.assertEqual(sorted(os.listdir(self.dir)), ['bad', 'out', 'report.json'])

    def test_a_report_is_never_overwritten(self):
        before = pathlib.Path(self.report).read_bytes()
        done = run('analyze', self.report, '-o', self.report)
        self.says(done, 2,
                  f"'{self.report}' is one of the reports: --output would overwrite it")
        self.assertEqual(pathlib.Path(self.report).read_bytes(), before)

    def test_a_signal_leaves_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for command in ('analyze', 'facts', 'calls'):
                with subprocess.Popen([BIN, command, '-', '-o', self.path('out')],
                                      stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env=dict(os.environ, TMPDIR=str(self.dir))) as process:
                    process.stdin.write(b'{"info": ')
                    process.stdin.flush()
                    for _ in range(500):
                        if any(n.startswith('.assay-') for n in os.listdir(self.dir)):
                            break
                        time.sleep(0.01)
                    else:
                        self.fail('no temporary file was seen')
                    process.send_signal(number)
                    self.assertEqual(process.wait(30), -number)
                self.assertEqual(os.listdir(self.dir), ['report.json'])

    def test_an_ignored_signal_stays_ignored(self):
        with subprocess.Popen([BIN, 'facts', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
                              ) as process:
            time.sleep(0.2)
            process.send_signal(signal.SIGHUP)
            out, _ = process.communicate(pathlib.Path(self.report).read_bytes(), timeout=30)
        self.assertEqual(process.returncode, 0)
        self.assertIn(b'"kind"', out)

    def test_progress_comes_after_a_second_and_quiet_has_none(self):
        rest = json.dumps({k: v for k, v in REPORT.items() if k != 'behavior'}).encode()
        call = json.dumps(REPORT['behavior']['processes'][0]['calls'][1]).encode()
        for option, shown in ((), True), (('-q',), False):
            with subprocess.Popen([BIN, 'facts', '-', *option], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  env=dict(os.environ, TERM='dumb')) as process:
                process.stdin.write(b'{"behavior": {"processes": [{"pid": 4, "calls": [' + call)
                for _ in range(14):
                    process.stdin.write((b', ' + call) * 5000)
                    process.stdin.flush()
                    time.sleep(0.1)
                _, err = process.communicate(b']}]}, ' + rest[1:], timeout=60)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(b'standard input' in err, shown, err)


class Language(Case):
    def lang(self, *args, **env):
        env = {'LC_ALL': '', 'LC_MESSAGES': '', 'LANG': '', **env}
        return json.loads(run('analyze', '--json', *args, self.report, env=env).stdout)['lang']

    def test_the_locale_chooses_and_the_option_wins(self):
        self.assertEqual(self.lang(), 'en')
        self.assertEqual(self.lang(LANG='zh_CN.UTF-8'), 'zh')
        self.assertEqual(self.lang(LC_MESSAGES='zh_TW', LANG='de_DE'), 'zh')
        self.assertEqual(self.lang(LC_ALL='C', LANG='zh_CN.UTF-8'), 'en')
        self.assertEqual(self.lang('--lang', 'en', LANG='zh_CN.UTF-8'), 'en')
        self.assertEqual(self.lang('--lang', 'zh'), 'zh')


class Lines(Case):
    def test_facts_are_json_lines_with_exact_evidence(self):
        content = pathlib.Path(self.report).read_bytes()
        lines = [json.loads(l) for l in run('facts', self.report).stdout.splitlines()]
        self.assertGreater(len(lines), 5)
        for line in lines:
            e = line['evidence']
            value = json.loads(content[e['begin']:e['end']])
            self.assertEqual(value, resolve(REPORT, e['pointer']))

    def test_calls_are_json_lines_in_order(self):
        content = pathlib.Path(self.report).read_bytes()
        lines = [json.loads(l) for l in run('calls', self.report).stdout.splitlines()]
        self.assertEqual([l['api'] for l in lines], ['NtCreateFile', 'NtOpenProcess'])
        first = lines[0]
        self.assertEqual(first['process'], {'pid': 1234, 'name': 'sample.exe'})
        self.assertEqual((first['index'], first['repeated'], first['failed']), (0, 0, False))
        self.assertIn({'name': 'name', 'value': HOSTILE}, first['args'])
        self.assertTrue(lines[1]['failed'])
        for call, line in zip(REPORT['behavior']['processes'][0]['calls'], lines):
            e = line['evidence']
            self.assertEqual(json.loads(content[e['begin']:e['end']]), call)
            done = run('evidence', e['id'], '--in', self.report, '--raw', raw=True)
            self.assertEqual(done.stdout, content[e['begin']:e['end']])

    def test_many_calls_pass_through_the_scratch_file_unchanged(self):
        many = json.loads(json.dumps(REPORT))
        call = many['behavior']['processes'][0]['calls'][0]
        many['behavior']['processes'][0]['calls'] = [
            dict(call, api=f'Api{i}', arguments={'a': 'x' * (i * 7 % 4001)}) for i in range(3000)]
        path = self.write('many', json.dumps(many))
        before = sorted(os.listdir(self.dir))
        done = run('calls', path, env={'TMPDIR': str(self.dir)})
        lines = [json.loads(l) for l in done.stdout.splitlines()]
        self.assertEqual([l['api'] for l in lines], [f'Api{i}' for i in range(3000)])
        self.assertEqual([len(l['args'][0]['value']) for l in lines],
                         [i * 7 % 4001 for i in range(3000)])
        self.assertEqual(sorted(os.listdir(self.dir)), before)
        self.says(run('calls', path, env={'TMPDIR': '/nonexistent'}), 4, "cannot make a "
                  "temporary file in '/nonexistent': No such file or directory")

    def test_no_line_holds_a_character_that_speaks_to_a_terminal(self):
        for command in ('facts', 'calls', 'analyze'):
            done = run(command, self.report, raw=True)
            self.assertNotIn(b'\x1b', done.stdout)


def resolve(document, pointer):
    for step in pointer.split('/')[1:]:
        step = step.replace('~1', '/').replace('~0', '~')
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


class Evidence(Case):
    def setUp(self):
        super().setUp()
        self.content = pathlib.Path(self.report).read_bytes()
        value = json.dumps(HOSTILE, ensure_ascii=False).encode()
        self.begin = self.content.rindex(value)
        self.end = self.begin + len(value)
        self.short = f'{self.begin:x}-{len(value):x}'
        facts = [json.loads(l) for l in run('facts', self.report).stdout.splitlines()]
        self.whole = facts[0]['evidence']['id'].split('-')[0] + '-' + self.short

    def test_raw_is_the_bytes_and_nothing_else(self):
        for given in (self.short, self.whole):
            done = run('evidence', given, '--in', self.report, '--raw', raw=True)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, self.content[self.begin:self.end], b''))

    def test_the_header_names_file_pointer_and_range(self):
        done = run('evidence', self.short, '--in', self.report, raw=True)
        head = (f'id: {self.whole}\nfile: {self.report}\npointer: /behavior/summary/mutex/1\n'
                f'bytes: {self.begin} to {self.end} ({self.end - self.begin})\n\n').encode()
        self.assertEqual(done.stdout, head + self.content[self.begin:self.end] + b'\n')

    def test_json_holds_the_value_itself(self):
        done = run('evidence', self.short, '--in', self.report, '--json', raw=True)
        self.assertNotIn('\u202e'.encode(), done.stdout)
        document = json.loads(done.stdout)
        self.assertEqual(document, {
            'schema': 'assay/evidence/1', 'id': self.whole, 'file': self.report,
            'pointer': '/behavior/summary/mutex/1', 'begin': self.begin, 'end': self.end,
            'value': HOSTILE})

    def test_the_whole_document_is_a_value(self):
        done = run('evidence', f'0-{len(self.content):x}', '--in', self.report, '--json')
        document = json.loads(done.stdout)
        self.assertEqual((document['pointer'], document['value']), ('', REPORT))

    def test_gzip_and_standard_input_give_the_same(self):
        packed = gzip.compress(self.content)
        for how in (dict(input=self.content), dict(input=packed)):
            done = run('evidence', self.whole, '--in', '-', '--raw', raw=True, **how)
            self.assertEqual(done.stdout, self.content[self.begin:self.end])
        done = run('evidence', self.whole, '--in', self.write('r', packed), '--raw', raw=True)
        self.assertEqual(done.stdout, self.content[self.begin:self.end])

    def test_a_large_standard_input_waits_in_a_scratch_file(self):
        big = b' ' * 3000000 + self.content
        done = run('evidence', f'{self.begin + 3000000:x}-{self.end - self.begin:x}', '--in', '-',
                   '--raw', raw=True, input=big)
        self.assertEqual(done.stdout, self.content[self.begin:self.end])

    def test_what_is_no_value_is_not_found(self):
        for begin, n in ((self.begin, self.end - self.begin - 1), (self.begin + 1, 3),
                         (1, 6), (len(self.content), 5)):
            done = run('evidence', f'{begin:x}-{n:x}', '--in', self.report)
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertIn('no evidence at bytes', done.stderr)

    def test_a_key_is_no_value(self):
        at = self.content.index(b'"behavior"')
        self.assertEqual(run('evidence', f'{at:x}-a', '--in', self.report).returncode, 1)

    def test_an_id_of_another_report_is_refused(self):
        wrong = 'f' * 16 + self.whole[16:]
        self.refused(run('evidence', wrong, '--in', self.report),
                     'this is not the report of that evidence')

    def test_a_report_that_is_cut_has_no_evidence(self):
        self.refused(run('evidence', self.short, '--in', self.write('cut', self.content[:-2])),
                     'cut: byte ')

    def test_a_terminal_sees_escapes(self):
        shown = on_terminal('evidence', self.short, '--in', self.report)
        self.assertNotIn('\u202e', shown)
        self.assertIn('\\u{202e}', shown)


def on_terminal(*args):
    """What the program writes when standard output is a terminal."""
    try:
        pid, fd = pty.fork()
    except OSError as why:  # a container without /dev/pts
        raise unittest.SkipTest(f'no pseudo-terminal: {why}')
    if pid == 0:
        os.execve(BIN, [BIN, *args], dict(os.environ, TERM='xterm', LC_ALL='C.UTF-8'))
    out = b''
    while True:
        try:
            chunk = os.read(fd, 65536)
        except OSError:
            break
        if not chunk:
            break
        out += chunk
    os.close(fd)
    os.waitpid(pid, 0)
    return out.decode()


class Terminal(Case):
    def test_colour_is_for_terminals_and_can_be_refused(self):
        self.assertNotIn('\x1b', run('analyze', self.report).stdout)
        self.assertIn('\x1b[', run('analyze', '--color', 'always', self.report).stdout)
        os.environ.pop('NO_COLOR', None)
        self.assertIn('\x1b[', on_terminal('analyze', self.report))
        self.assertNotIn('\x1b', on_terminal('analyze', '--color=never', self.report))
        os.environ['NO_COLOR'] = '1'
        self.addCleanup(os.environ.pop, 'NO_COLOR', None)
        self.assertNotIn('\x1b', on_terminal('analyze', self.report))

    def test_hostile_text_never_reaches_the_screen(self):
        for full in ((), ('--full',)):
            shown = on_terminal('analyze', '--color=never', *full, self.report)
            self.assertNotIn('\x1b', shown)
            self.assertNotIn('\u202e', shown)


class Schemas(Case):
    def test_documents_keep_to_their_schemas(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest('python3-jsonschema is not installed')
        folder = pathlib.Path(__file__).resolve().parent.parent.parent / 'docs' / 'schema'
        at = pathlib.Path(self.report).read_bytes().index(b'[]')
        for name, args in (('doctor', ['doctor', '--json']), ('call', ['calls', self.report]),
                           ('evidence', ['evidence', f'{at:x}-2', '--in', self.report, '--json'])):
            schema = json.loads((folder / f'{name}.schema.json').read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            done = run(*args)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            for line in done.stdout.splitlines() if name == 'call' else [done.stdout]:
                document = json.loads(line)
                self.assertEqual([e.message for e in validator.iter_errors(document)], [])
                self.assertNotEqual(list(validator.iter_errors(dict(document, more=1))), [])


class Real(Case):
    def test_real_reports_are_read_whole(self):
        folder = DATA / 'reports'
        found = sorted(p for p in folder.rglob('*.json*') if p.stat().st_size < 3000000
                       and ('cuckoo' in str(p).lower() or 'sandboxllm' in str(p)))[:6]
        if not found:
            self.skipTest(f'no reports under {folder}')
        done = run('facts', *map(str, found))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertGreater(len(done.stdout.splitlines()), 10)


if __name__ == '__main__':
    BIN = str(pathlib.Path(BIN).resolve())
    if not os.access(BIN, os.X_OK):
        sys.exit(f'{BIN} is not there: build it, or name it in ASSAY_BIN')
    unittest.main()
