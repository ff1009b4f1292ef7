/* Real reports, where there are any: nothing in them goes untold. */
#include "lossless.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/banned.h"

#define SKIPPED 77

static glob_t reports;

static void check(const char *path, as_lang lang)
{
    as_source *source = NULL;
    as_analysis *analysis = NULL;
    as_doc *doc = NULL;
    as_err err = {0};

    if (as_source_open(path, NULL, &source, &err) ||
        as_analysis_read(source, NULL, &analysis, &err) ||
        as_doc_build(analysis, &(as_doc_options){lang, true}, &doc, &err))
        fail_msg("%s: %s", path, err.msg);
    if (count_untold(doc) > 0 || count_faults(doc) > 0)
        fail_msg("%s leaves something untold", path);
    as_doc_free(doc);
    as_analysis_free(analysis);
    as_source_free(source);
}

static void every_value_of_every_report_is_told_in_full(void **state)
{
    (void)state;
    for (size_t i = 0; i < reports.gl_pathc; i++)
        check(reports.gl_pathv[i], i % 2 ? AS_LANG_ZH : AS_LANG_EN);
}

static int find(const char *data, const char *pattern, int flags)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof(path), "%s/reports/%s", data, pattern) >= sizeof(path))
        return GLOB_NOMATCH;
    return glob(path, flags, NULL, &reports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_report_is_told_in_full),
    };
    const char *data = getenv("ASSAY_DATA");
    int failed;

    data = data ? data : "../shared/data";
    (void)find(data, "sandboxllm/*.json", 0);
    (void)find(data, "capa-testfiles/dynamic/cape/v2.[24]/*.json.gz", GLOB_APPEND);
    (void)find(data, "capa-testfiles/dynamic/cape/v2.4/*/*.json.gz", GLOB_APPEND);
    (void)find(data, "capa-testfiles/rd/*.json", GLOB_APPEND);
    (void)find(data, "capa-testfiles/dynamic/vmray/*/logs/*", GLOB_APPEND);
    if (reports.gl_pathc == 0) {
        printf("skipped: no reports under %s/reports\n", data);
        return SKIPPED;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    globfree(&reports);
    return failed;
}
