/*
 * ioc - what in a text is a hash, an address, a domain, a path ..., and how two spellings
 * of one are found equal.
 *
 *     as_iocs found = {0};
 *     if (as_ioc_find(question, arena, &found, &err)) ...
 *     found.p[0].type, .begin, .end, .norm
 *
 * `norm` is the form in which terms are stored and compared: case folded (full Unicode for
 * names and paths), defanged spellings made whole (hxxp, [.], (dot), [@], [:]), hashes in
 * lower-case hex, paths with back slashes for Windows and quotes taken off, IPv6 in its
 * shortest form, domains without a final dot and in Unicode lower case, techniques in upper
 * case (T1059.001).
 *
 * Depends on: base; utf8proc.  Threads: re-entrant.
 * Limits: AS_IOC_TEXT_MAX bytes of text, AS_IOC_MAX finds.
 */
#ifndef AS_IOC_H
#define AS_IOC_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_IOC_TEXT_MAX ((size_t)1 << 20)
#define AS_IOC_MAX      4096u

typedef enum as_ioc_type {
    AS_IOC_MD5,
    AS_IOC_SHA1,
    AS_IOC_SHA256,
    AS_IOC_SHA512,
    AS_IOC_IPV4, /* also with a port behind it: see `port` */
    AS_IOC_IPV6,
    AS_IOC_DOMAIN, /* a name with a known or plausible last label; not "report.json" */
    AS_IOC_URL,
    AS_IOC_MAIL,
    AS_IOC_WINDOWS_PATH, /* drive, UNC, or beginning with %variable% */
    AS_IOC_UNIX_PATH,
    AS_IOC_KEY,       /* HKEY_..., HKLM\.., \REGISTRY\.. */
    AS_IOC_FILE,      /* a bare file name with an extension: "a.ps1" */
    AS_IOC_TECHNIQUE, /* T1055, T1055.012 */
    AS_IOC_CVE,
    AS_IOC_GUID,
    AS_IOC_API, /* NtCreateUserProcess, CreateFileW, kernel32.dll!CreateFileA */
    AS_IOC_HEX  /* 6 to 127 hex digits with a digit and a letter among them: part of a hash */
} as_ioc_type;

typedef struct as_ioc {
    as_ioc_type type;
    size_t begin, end; /* bytes of the text */
    as_bytes norm;
    uint16_t port; /* of an address, a domain or a URL with one; 0: none */
} as_ioc;

typedef struct as_iocs {
    as_ioc *p;
    size_t n;
} as_iocs;

/* All in `text`, from left to right, none inside another. They live in the arena. */
as_code as_ioc_find(as_bytes text, as_arena *a, as_iocs *ret, as_err *err) AS_CHECKED;

/* Appends the normal form of what is known to be of that type. */
void as_ioc_norm(as_ioc_type type, as_bytes text, as_buf *out);

/* Appends `text` case folded (Unicode full case folding), blanks at both ends off. */
void as_fold(as_bytes text, as_buf *out);

/* The last component of a path of either kind; without the alternate stream. */
as_bytes as_path_file(as_bytes path);

/* What is behind the last dot of that, 1 to 16 letters and digits; {0}: none. */
as_bytes as_path_extension(as_bytes path);

#ifdef __cplusplus
}
#endif
#endif
