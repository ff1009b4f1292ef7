/*
 * asked - private to the tests of query: a small store in a folder of its own, made of
 * reports that stand below, so that every answer can be found by reading them.
 */
#ifndef AS_TEST_ASKED_H
#define AS_TEST_ASKED_H

#include "query/query.h"
#include "retrieve/retrieve.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALPHA "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define BETA  "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
#define OTHER "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"
#define MD5_A "0123456789abcdef0123456789abcdef"

/* clang-format off */
#define DROPPED(name, size, half)                                                                  \
    "{\"name\":\"" half "_" name "\",\"filepath\":\"C:\\\\t\\\\" name "\",\"path\":\"/x/" name     \
    "\",\"size\":" size ",\"md5\":\"" half half "\",\"sha256\":\"" half half half half             \
    "\",\"type\":\"ASCII text\",\"yara\":[],\"pids\":[2000]}"

#define SIGNATURE(name, description, severity)                                                     \
    "{\"name\":\"" name "\",\"description\":\"" description "\",\"severity\":" severity            \
    ",\"markcount\":1,\"marks\":[]}"

#define PROCESS(pid, ppid, name, seen)                                                             \
    "{\"pid\":" pid ",\"ppid\":" ppid ",\"process_name\":\"" name "\",\"process_path\":\"C:\\\\"   \
    name "\",\"command_line\":\"" name " /q\",\"first_seen\":" seen ",\"calls\":[]}"

/* Everything is there. */
static const char report_alpha[] =
    "{\"info\":{\"version\":\"2.0.7\",\"id\":11,\"category\":\"file\",\"started\":1684452795.0,"
    "\"ended\":1684452919.0,\"duration\":124,\"score\":8.4,\"package\":\"exe\",\"machine\":{"
    "\"name\":\"win7\",\"label\":\"win7\"}},"
    "\"target\":{\"category\":\"file\",\"file\":{\"name\":\"alpha.exe\",\"size\":4096,\"type\":"
    "\"PE32 executable\",\"md5\":\"" MD5_A "\",\"sha256\":\"" ALPHA "\",\"yara\":[{\"name\":"
    "\"powershell_loader\",\"meta\":{\"description\":\"d\"},\"strings\":[\"x\"]}]}},"
    "\"signatures\":["
    SIGNATURE("persistence_autorun", "Installs itself for autorun", "3") ","
    SIGNATURE("hidden_window", "Opens a hidden window", "2") ","
    SIGNATURE("guard_page", "Uses guard pages", "2") ","
    SIGNATURE("checks_language", "Reads the language", "1") "],"
    "\"dropped\":["
    DROPPED("one.ps1", "100", "1c1c1c1c1c1c1c1c") ","
    DROPPED("two.ps1", "300", "2c2c2c2c2c2c2c2c") ","
    DROPPED("three.txt", "50", "3c3c3c3c3c3c3c3c") ","
    DROPPED("four.txt", "50", "4c4c4c4c4c4c4c4c") ","
    DROPPED("恶意.ps1", "70", "5c5c5c5c5c5c5c5c") "],"
    "\"network\":{\"domains\":[{\"domain\":\"c2.example.net\",\"ip\":\"198.51.100.7\"},"
    "{\"domain\":\"cdn.example.org\",\"ip\":\"203.0.113.9\"}],\"hosts\":[\"198.51.100.7\"],"
    "\"dns\":[{\"request\":\"c2.example.net\",\"type\":\"A\",\"answers\":[{\"type\":\"A\","
    "\"data\":\"198.51.100.7\"}]},{\"request\":\"cdn.example.org\",\"type\":\"A\",\"answers\":[{"
    "\"type\":\"A\",\"data\":\"203.0.113.9\"}]}],\"tcp\":[{\"src\":\"10.0.0.5\",\"sport\":49155,"
    "\"dst\":\"198.51.100.7\",\"dport\":443,\"time\":1.5}],\"udp\":[],\"http\":[]},"
    "\"behavior\":{\"generic\":[],\"processes\":["
    PROCESS("1234", "4", "alpha.exe", "1684452796.0") ","
    PROCESS("2000", "1234", "powershell.exe", "1684452798.0") "],"
    "\"summary\":{\"file_written\":[\"C:\\\\t\\\\one.ps1\"],"
    "\"mutex\":[\"Global\\\\mx_one\",\"Local\\\\mx_two\"]}}}";

/* There is room for it, and it is empty. */
static const char report_beta[] =
    "{\"info\":{\"version\":\"2.0.7\",\"id\":12,\"category\":\"file\",\"started\":1684539195.0,"
    "\"ended\":1684539255.0,\"duration\":60,\"machine\":{\"name\":\"win10\",\"label\":\"win10\"}},"
    "\"target\":{\"category\":\"file\",\"file\":{\"name\":\"beta.dll\",\"size\":9000,\"type\":"
    "\"PE32 DLL\",\"md5\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\"sha256\":\"" BETA
    "\",\"yara\":[]}},\"signatures\":[],\"dropped\":[],"
    "\"network\":{\"domains\":[{\"domain\":\"c2.example.net\",\"ip\":\"198.51.100.7\"}],"
    "\"hosts\":[],\"dns\":[],\"tcp\":[],\"udp\":[],\"http\":[]},"
    "\"behavior\":{\"generic\":[],\"processes\":["
    PROCESS("50", "4", "beta.dll", "1684539196.0")
    "],\"summary\":{\"mutex\":[\"Global\\\\mx_one\"]}}}";

/* Another sample of the first one's name; what it dropped was not recorded. */
static const char report_other[] =
    "{\"info\":{\"version\":\"2.0.7\",\"id\":13,\"category\":\"file\",\"started\":1684625595.0,"
    "\"ended\":1684625605.0,\"duration\":10},\"target\":{\"category\":\"file\",\"file\":{"
    "\"name\":\"ALPHA.EXE\",\"size\":77,\"md5\":\"cccccccccccccccccccccccccccccccc\","
    "\"sha256\":\"" OTHER "\"}},\"signatures\":[],\"behavior\":{\"generic\":[],\"processes\":[],"
    "\"summary\":{}}}";
/* clang-format on */

static const char *const asked_reports[] = {report_alpha, report_beta, report_other};

typedef struct asked_store {
    char home[64];
    as_store *s; /* open for reading */
} asked_store;

static inline int asked_remove_entry(const char *path, const struct stat *st, int type,
                                     struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static inline void asked_drop(asked_store *a)
{
    as_store_close(a->s);
    (void)nftw(a->home, asked_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The first `n` of the reports; *err says why not. */
static inline as_code asked_make(asked_store *a, size_t n, as_err *err)
{
    as_store_add_options options = {.chunks = as_chunks_make};
    as_store *s = NULL;
    as_code rc;

    *a = (asked_store){.home = "/tmp/assay-asked-XXXXXX"};
    if (!mkdtemp(a->home))
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot make a folder");
    rc = as_store_open(a->home, AS_STORE_WRITE, &s, err);
    for (size_t i = 0; !rc && i < n; i++) {
        as_source *source = NULL;
        as_added added;

        rc = as_source_open_bytes(as_bytes_of(asked_reports[i]), NULL, &source, err);
        rc = rc ? rc : as_store_add(s, source, &options, &added, err);
        as_source_free(source);
    }
    as_store_close(s);
    return rc ? rc : as_store_open(a->home, AS_STORE_READ, &a->s, err);
}

#endif
