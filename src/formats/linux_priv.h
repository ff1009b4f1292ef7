/*
 * linux_priv - private to formats: the tables that tools/linux-numbers.py writes.
 * Index is the number; NULL where there is no such number.
 */
#ifndef AS_LINUX_PRIV_H
#define AS_LINUX_PRIV_H

#include "base/base.h"

extern const char *const as_linux_x86_64[], *const as_linux_i386[], *const as_linux_arm64[];
extern const char *const as_linux_errors[];
extern const size_t as_linux_x86_64_count, as_linux_i386_count, as_linux_arm64_count;
extern const size_t as_linux_errors_count;

#endif
