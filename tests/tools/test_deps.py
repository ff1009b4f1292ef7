#!/usr/bin/env python3
"""tools/deps.sh says what it will install, installs only what is missing, and only once.

dpkg-query, apt-get, sudo and id are stand-ins on PATH, so nothing is really installed.
"""
import pathlib
import subprocess
import tempfile
import unittest

DEPS = pathlib.Path(__file__).resolve().parent.parent.parent / 'tools' / 'deps.sh'

STAND_INS = {
    'dpkg-query': 'grep -qx "${@: -1}" "$STATE/installed" && printf "install ok installed"',
    'apt-get': 'echo "$@" >>"$STATE/calls"\n'
               'case " $* " in *" install "*) printf "%s\\n" "$@" >>"$STATE/installed" ;; esac',
    'sudo': 'echo sudo >>"$STATE/calls"; "$@"',
    'id': 'cat "$STATE/uid"',
}


class Deps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = pathlib.Path(folder.name)
        (self.state / 'installed').write_text('cmake\ngcc\n')
        (self.state / 'calls').write_text('')
        (self.state / 'uid').write_text('0\n')
        (self.state / 'bin').mkdir()
        for name, text in STAND_INS.items():
            path = self.state / 'bin' / name
            path.write_text('#!/bin/bash\n' + text + '\n')
            path.chmod(0o755)

    def deps(self, *args):
        # The stand-ins first; the rest of PATH is for bash, env and grep.
        return subprocess.run(
            ['bash', DEPS, *args], text=True, capture_output=True, check=False,
            env={'PATH': f'{self.state}/bin:/usr/bin:/bin', 'STATE': str(self.state)})

    def calls(self):
        return (self.state / 'calls').read_text()

    def test_a_check_lists_and_installs_nothing(self):
        done = self.deps('--check')
        self.assertEqual(1, done.returncode)
        self.assertTrue(done.stdout.startswith('assay needs: ninja-build '), done.stdout)
        self.assertNotIn('clang', done.stdout)
        self.assertEqual('', self.calls())

    def test_root_installs_what_is_missing_once(self):
        done = self.deps()
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(done.stdout.startswith('assay needs: ninja-build '), done.stdout)
        update, install = self.calls().splitlines()
        self.assertTrue(update.endswith(' update'), update)
        self.assertIn(' ninja-build ', install)
        self.assertNotIn(' cmake', install)
        (self.state / 'calls').write_text('')
        done = self.deps()
        self.assertEqual((0, '', ''), (done.returncode, done.stdout, self.calls()))

    def test_an_ordinary_user_goes_through_sudo(self):
        (self.state / 'uid').write_text('1000\n')
        done = self.deps('dev')
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('with sudo apt-get', done.stdout)
        self.assertEqual(2, self.calls().splitlines().count('sudo'))
        self.assertIn(' clang ', self.calls())

    def test_an_unknown_set_is_a_usage_error(self):
        self.assertEqual(2, self.deps('all').returncode)


if __name__ == '__main__':
    unittest.main()
