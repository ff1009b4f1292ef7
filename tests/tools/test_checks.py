#!/usr/bin/env python3
"""tools/check-*.py find each fault that they are there for, and nothing in a clean tree."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / 'tools'

CLEAN = {
    'CMakeLists.txt': 'assay_module(base LIBS m)\nassay_module(formats\n    USES base)\n',
    'src/base/base.h': '/* base - words; see as_go(). */\nint as_go(void);\n',
    'src/base/banned.h': '/* nothing */\n',
    'src/base/base_priv.h': '/* base_priv */\n',
    'src/base/scan.h': '/*\n * scan - private to base: how.\n */\n',
    'src/base/base.c': '#include "base/base_priv.h"\n#include "base/banned.h"\n'
                       'const char *url = "http://host/";\n',
    'src/base/mem.c': '#include <stdlib.h>\n#include "base/banned.h"\n'
                      'void as_mem_free(void *p)\n{\n    free(p);\n}\n',
    'src/formats/formats.h': '/* formats */\n#include "base/base.h"\n',
    'src/formats/cape.c': '#include "formats/formats.h"\n\n#include "base/banned.h"\n',
}
LAST = '#include "base/banned.h"\n'


class Checks(unittest.TestCase):
    def run_check(self, tool, changes):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**CLEAN, **changes}.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, TOOLS / tool, root], text=True,
                                  capture_output=True, check=False)
        self.assertEqual('', done.stderr)
        return done.returncode, done.stdout

    def finds(self, tool, name, text, message):
        status, out = self.run_check(tool, {name: text})
        self.assertEqual(1, status, out)
        self.assertEqual(1, len(out.splitlines()), out)
        self.assertTrue(out.startswith(name + ':'), out)
        self.assertIn(message, out)

    def test_a_clean_tree_passes(self):
        for tool in ('check-layers.py', 'check-style.py'):
            status, out = self.run_check(tool, {})
            self.assertEqual(0, status, out)

    def test_layer_faults_are_found(self):
        for name, text, message in (
                ('CMakeLists.txt', 'assay_module(base USES formats)\n'
                 'assay_module(formats USES base)\n', 'not below it'),
                ('CMakeLists.txt', CLEAN['CMakeLists.txt'] + 'assay_module(sauna)\n', 'no place'),
                ('src/base/x.c', '#include "formats/formats.h"\n' + LAST, "does not use 'formats'"),
                ('src/formats/x.c', '#include "base/base_priv.h"\n' + LAST, 'private to'),
                ('src/formats/x.c', '#include "base/scan.h"\n' + LAST, 'private to'),
                ('src/formats/x.c', '#include "formats.h"\n' + LAST, 'no file of src/'),
                ('src/formats/x.c', LAST + '#include <stdio.h>\n', 'the last header'),
                ('src/formats/x.c', '/* ' + LAST.strip() + ' */\n', 'the last header'),
                ('src/base/x.c', LAST + 'void *p = malloc(1);\n', 'malloc()'),
                ('src/store/x.c', LAST, 'no assay_module() line')):
            with self.subTest(name=name, message=message):
                self.finds('check-layers.py', name, text, message)

    def test_style_faults_are_found(self):
        body = '    work();\n' * 99
        registry = 'py' + 'pi.org'
        machine = '/ho' + 'me/me/assay'
        for name, text, message in (
                ('src/base/x.c', 'int x; // scratch\n', 'a // comment'),
                ('src/base/x.c', '/* ' + 'x' * 100 + ' */\n', '106 columns'),
                ('src/base/x.c', f'/* clang-format off */\nint {"x" * 100};\n'
                 f'/* clang-format on */\nint {"y" * 100};\n', 'x.c:4: 105 columns'),
                ('src/base/x.c', 'int x;\n' * 1000, '1000 lines'),
                ('src/base/x.c', f'void f(void)\n{{\n{body}}}\n', 'function of 101 lines'),
                ('src/base/x.c', '/* see\n * as_gone() */\n', 'as_gone()'),
                ('README.md', f'from {registry}\n', 'registry'),
                ('README.md', f'in {machine}\n', 'one machine')):
            with self.subTest(message=message):
                self.finds('check-style.py', name, text, message)

    def test_a_long_function_may_give_its_reason(self):
        body = '    work();\n' * 200
        text = f'/* long: one switch */\nvoid f(void)\n{{\n{body}}}\n'
        status, out = self.run_check('check-style.py', {'src/base/x.c': text})
        self.assertEqual(0, status, out)


if __name__ == '__main__':
    unittest.main()
