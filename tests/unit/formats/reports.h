/*
 * reports - private to the tests of formats: inputs from files, and reading them.
 */
#ifndef AS_TEST_REPORTS_H
#define AS_TEST_REPORTS_H

#include "formats/formats.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN_FOLDER  "tests/golden/formats"
#define CAPE_EXAMPLE   "examples/cape-report.json"
#define CUCKOO_EXAMPLE "examples/cuckoo-report.json"

/* The unpacked content of a file, for as_mem_free(). */
static inline as_bytes load(const char *path)
{
    as_source *s = NULL;
    as_buf b = {0};
    as_err err = {0};
    size_t got = 0;

    if (as_source_open(path, NULL, &s, &err))
        fail_msg("%s", err.msg);
    do {
        uint8_t *room = as_buf_room(&b, 1 << 16);

        assert_non_null(room);
        if (as_source_read(s, room, 1 << 16, &got, &err))
            fail_msg("%s: %s", path, err.msg);
        b.n += got;
    } while (got);
    as_source_free(s);
    /* Exactly as long as it is, so that a sanitizer sees a read past its end. */
    b.p = as_mem_resize(b.p, b.n);
    assert_non_null(b.p);
    return (as_bytes){b.p, b.n};
}

static inline void unload(as_bytes b)
{
    as_mem_free((void *)(uintptr_t)b.p);
}

static inline as_code read_report(as_bytes in, const as_read_options *options, as_analysis **ret,
                                  as_err *err)
{
    as_source *s = NULL;
    as_code rc = as_source_open_bytes(in, NULL, &s, err);

    if (!rc)
        rc = as_analysis_read(s, options, ret, err);
    as_source_free(s);
    return rc;
}

static inline bool ends_with(const char *name, const char *tail)
{
    size_t n = strlen(name), k = strlen(tail);

    return n >= k && !strcmp(name + n - k, tail);
}

typedef void report_fn(void *ctx, const char *path);

static inline bool is_json_name(const char *name)
{
    return ends_with(name, ".json") || ends_with(name, ".json.gz");
}

static inline bool is_log_name(const char *name)
{
    return ends_with(name, ".log");
}

/* Calls `fn` for each file whose name `wanted` accepts, of a folder and those below it, in order.
 */
static inline void each_file(const char *folder, bool (*wanted)(const char *name), report_fn *fn,
                             void *ctx)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);

    if (n < 0)
        fail_msg("cannot list '%s': %s", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char path[PATH_MAX];

        assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path));
        if (entries[i]->d_type == DT_DIR && name[0] != '.')
            each_file(path, wanted, fn, ctx);
        else if (wanted(name))
            fn(ctx, path);
        free(entries[i]);
    }
    free(entries);
}

static inline void each_report(const char *folder, report_fn *fn, void *ctx)
{
    each_file(folder, is_json_name, fn, ctx);
}

/* Lines of text. */
static inline void each_log(const char *folder, report_fn *fn, void *ctx)
{
    each_file(folder, is_log_name, fn, ctx);
}

static inline bool is_bad_case(const char *path)
{
    return strstr(path, "(fail)") || strstr(path, "(limit)");
}

/* Every real report of CAPE, Cuckoo, VMRay, capa and Volatility; without them, what the test does
 * after this is skipped. */
static inline void each_real_report(report_fn *fn, void *ctx)
{
    static const char *const folders[] = {"capa-testfiles/dynamic/cape", "capa-testfiles/rd",
                                          "capa-testfiles/dynamic/vmray", "sandboxllm",
                                          "volatility3_forensic_platform"};
    const char *data = getenv("ASSAY_DATA");

    for (size_t i = 0; i < AS_COUNT(folders); i++) {
        char folder[PATH_MAX];
        DIR *there;

        (void)snprintf(folder, sizeof(folder), "%s/reports/%s", data ? data : "../shared/data",
                       folders[i]);
        there = opendir(folder);
        if (!there) {
            print_message("no real reports under '%s'\n", folder);
            skip();
            return; /* skip() does not come back, which its header does not say */
        }
        (void)closedir(there);
        each_report(folder, fn, ctx);
    }
}

/* The results of Assemblyline: two folders below a hash for each. */
static inline void each_assemblyline_result(report_fn *fn, void *ctx)
{
    const char *data = getenv("ASSAY_DATA");
    char folder[PATH_MAX / 2];
    DIR *samples;
    struct dirent *e;

    (void)snprintf(folder, sizeof(folder), "%s/reports/assemblyline_cape/tests/samples",
                   data ? data : "../shared/data");
    samples = opendir(folder);
    if (!samples) {
        print_message("no results of Assemblyline under '%s'\n", folder);
        skip();
        return;
    }
    while ((e = readdir(samples))) {
        char results[PATH_MAX];
        DIR *there;

        (void)snprintf(results, sizeof(results), "%s/%s/Results", folder, e->d_name);
        there = e->d_name[0] == '.' ? NULL : opendir(results);
        if (!there)
            continue;
        (void)closedir(there);
        each_report(results, fn, ctx);
    }
    (void)closedir(samples);
}

#endif
