/*
 * banned - makes an error of every call to a function that this tree does without.
 *
 *     #include <string.h>
 *     #include "base/banned.h"             last of the includes of a .c file
 *
 * They overflow (strcpy, strcat, sprintf, gets, alloca), hide a failure (atoi,
 * strtol), keep hidden state (strtok, localtime, gmtime, rand) or start a shell
 * (system, popen). The headers that declare them come first, so that a poisoned
 * name is never met inside one of them.
 *
 * Depends on: libc.  Threads: nothing here exists at run time.
 */
#ifndef AS_BANNED_H
#define AS_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* glibc has this one as a macro, and poisoning a macro is a warning of its own. */
#ifdef alloca
#undef alloca
#endif

#pragma GCC poison strcpy strcat sprintf strtok atoi strtol gets alloca
#pragma GCC poison localtime gmtime rand system popen

#endif
