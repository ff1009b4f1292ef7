#!/usr/bin/env python3
"""Writes src/formats/linux_numbers.c from the kernel's headers on this machine.

    tools/linux-numbers.py > src/formats/linux_numbers.c

System calls and errors have one number each for good, so the table only ever grows.
"""
import re
import subprocess

ARCHS = (
    ("x86_64", "#include <asm/unistd_64.h>", "__NR_"),
    ("i386", "#include <asm/unistd_32.h>", "__NR_"),
    # AArch64 has no table of its own: it takes the generic one, with these old names in it.
    ("arm64", "#define __BITS_PER_LONG 64\n#define __ARCH_WANT_RENAMEAT\n"
     "#define __ARCH_WANT_NEW_STAT\n#define __ARCH_WANT_SET_GET_RLIMIT\n"
     "#define __ARCH_WANT_TIME32_SYSCALLS\n#define __ARCH_WANT_SYS_CLONE3\n"
     "#define __ARCH_WANT_MEMFD_SECRET\n#include <asm-generic/unistd.h>", "__NR_"),
    ("errors", "#include <asm-generic/errno.h>", "E"),
)


def names_of(source, prefix):
    """The macros of that prefix whose value is a plain number."""
    out = subprocess.run(["cc", "-E", "-dM", "-"], input=source, text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    defs = dict(m.groups() for m in re.finditer(r"^#define (\w+) (.+)$", out, re.M))
    found = {}
    for name, value in sorted(defs.items()):
        if not name.startswith(prefix) or name.startswith(("__NR3264_", "__NR_syscalls",
                                                           "__NR_arch_specific")):
            continue
        while value in defs:
            value = defs[value]
        if value.isdigit():
            text = name if prefix == "E" else name[len(prefix):]
            if int(value) in found and name in ("EWOULDBLOCK", "EDEADLOCK"):
                continue
            found[int(value)] = text
    return found


def main():
    print('#include "formats/linux_priv.h"\n\n#include "base/banned.h"\n')
    print("/* Written by tools/linux-numbers.py: change that, not this. */\n")
    print("/* clang-format off */")
    for name, source, prefix in ARCHS:
        found = names_of(source, prefix)
        print(f"\nconst char *const as_linux_{name}[] = {{")
        line = "   "
        for number in sorted(found):
            item = f' [{number}] = "{found[number]}",'
            if len(line) + len(item) > 98:
                print(line)
                line = "   "
            line += item
        print(line + "\n};")
        print(f"const size_t as_linux_{name}_count = AS_COUNT(as_linux_{name});")


if __name__ == "__main__":
    main()
