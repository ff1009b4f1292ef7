#include "cli/cli_priv.h"

#include "base/escape.h"
#include "base/json.h"
#include "base/jsonw.h"

#include <archive.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>
#include <zlib.h>

#include "base/banned.h"

#define FINDINGS_MAX 32

enum state { PRESENT, MISSING, UNUSED };

/* One thing looked at: what it is, how it stands, and what it is or would be good for. */
struct finding {
    const char *group;
    const char *name;
    enum state state;
    char detail[PATH_MAX + 64];
    const char *use;
};

struct findings {
    struct finding rows[FINDINGS_MAX];
    size_t n;
};

static void add(struct findings *f, const char *group, const char *name, enum state state,
                const char *detail, const char *use)
{
    struct finding *row;

    if (f->n == FINDINGS_MAX)
        return;
    row = &f->rows[f->n++];
    row->group = group;
    row->name = name;
    row->state = state;
    row->use = use;
    (void)snprintf(row->detail, sizeof(row->detail), "%s", detail);
}

static void look_at_libraries(struct findings *f)
{
    add(f, "library", "zlib", PRESENT, zlibVersion(), "reads gzip");
    add(f, "library", "libarchive", PRESENT, archive_version_string() + strlen("libarchive "),
        "reads zip, tar, 7z, zstd, xz and bzip2");
    add(f, "library", "OpenSSL", PRESENT, OpenSSL_version(OPENSSL_VERSION_STRING), "SHA-256");
    add(f, "library", "utf8proc", PRESENT, utf8proc_version(), "widths of characters");
}

static bool scanner_works(as_json_simd simd)
{
    as_source *source = NULL;
    as_json *j = NULL;
    bool works = false;

    if (as_source_open_bytes(AS_LITERAL("0"), NULL, &source, NULL))
        return false;
    if (!as_json_new(source, NULL, &j, NULL))
        works = as_json_use(j, simd) == AS_OK;
    as_json_free(j);
    as_source_free(source);
    return works;
}

/* The best scanner is the one in use. */
static void look_at_processor(struct findings *f)
{
    bool avx512 = scanner_works(AS_JSON_AVX512);
    bool avx2 = scanner_works(AS_JSON_AVX2);

    add(f, "processor", "AVX-512", avx512 ? PRESENT : MISSING,
        avx512 ? "in use" : "not on this processor", "the fastest JSON scanning");
    add(f, "processor", "AVX2", avx2 ? PRESENT : MISSING,
        !avx2    ? "not on this processor; plain C is in use"
        : avx512 ? "not needed"
                 : "in use",
        "fast JSON scanning");
}

static void look_at_folder(struct findings *f, const char *name, const char *path, const char *use)
{
    char detail[PATH_MAX + 32];
    struct stat st;
    bool there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    bool writable = there && access(path, W_OK) == 0;

    (void)snprintf(detail, sizeof(detail), "%s%s", path,
                   writable ? ""
                   : there  ? " (not writable)"
                            : " (not there)");
    add(f, "folder", name, writable ? PRESENT : MISSING, detail, use);
}

/* $ASSAY_HOME, else "assay" in the user's data folder by the XDG rule. */
static void data_folder(char dst[PATH_MAX])
{
    const char *own = getenv("ASSAY_HOME"), *xdg = getenv("XDG_DATA_HOME"), *user = getenv("HOME");

    if (own && *own)
        (void)snprintf(dst, PATH_MAX, "%s", own);
    else if (xdg && *xdg == '/')
        (void)snprintf(dst, PATH_MAX, "%s/assay", xdg);
    else
        (void)snprintf(dst, PATH_MAX, "%s/.local/share/assay", user && *user ? user : "~");
}

static void look_at_folders(struct findings *f)
{
    const char *temp = getenv("TMPDIR");
    char data[PATH_MAX];

    data_folder(data);
    look_at_folder(f, "temporary files", temp && *temp ? temp : "/tmp",
                   "'assay calls' and large pieces of evidence");
    look_at_folder(f, "data", data, "nothing yet: every command works without it");
}

static bool in_path(const char *program, char dst[PATH_MAX])
{
    const char *at = getenv("PATH");

    while (at && *at) {
        size_t n = strcspn(at, ":");
        int len = snprintf(dst, PATH_MAX, "%.*s/%s", (int)n, at, program);

        if (n > 0 && len > 0 && len < PATH_MAX && access(dst, X_OK) == 0)
            return true;
        at += n;
        at += *at == ':' ? 1 : 0;
    }
    return false;
}

static void look_at_tools(struct findings *f)
{
    static const struct {
        const char *program, *use;
    } tools[] = {
        {"man", "reads the manual: assay man | man -l -"},
        {"jq", "filters what 'assay facts' and 'assay calls' print"},
        {"less", "pages a long description: assay analyze --color always REPORT | less -R"},
    };
    char path[PATH_MAX];

    for (size_t i = 0; i < AS_COUNT(tools); i++) {
        bool there = in_path(tools[i].program, path);

        add(f, "tool", tools[i].program, there ? PRESENT : MISSING, there ? path : "not installed",
            tools[i].use);
    }
}

static void look_at_models(struct findings *f)
{
    add(f, "model", "text encoder", UNUSED, "not configured",
        "would add search by meaning; all of this version works without one");
    add(f, "model", "language model", UNUSED, "not configured",
        "would add free-form answers; all of this version works without one");
}

static const char *state_name(enum state state)
{
    switch (state) {
    case PRESENT:
        return "ok";
    case MISSING:
        return "missing";
    case UNUSED:
        break;
    }
    return "unused";
}

static void print_text(const struct findings *f, as_buf *out)
{
    const char *group = "";

    as_buf_text(out, "assay " AS_VERSION "; what it reads: assay formats\n");
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *row = &f->rows[i];

        if (strcmp(group, row->group) != 0)
            as_buf_printf(out, "\n%s\n", row->group);
        group = row->group;
        as_buf_printf(out, "  %-8s %-16s ", state_name(row->state), row->name);
        as_escape_visible(out, as_bytes_of(row->detail));
        as_buf_printf(out, "\n  %-8s %-16s %s\n", "", "", row->use);
    }
}

static void print_json(const struct findings *f, as_buf *out)
{
    as_jsonw w = as_jsonw_to(out, 2);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/doctor/1");
    as_jsonw_key(&w, "assay");
    as_jsonw_text(&w, AS_VERSION);
    as_jsonw_key(&w, "findings");
    as_jsonw_array(&w);
    for (size_t i = 0; i < f->n; i++) {
        as_jsonw_object(&w);
        as_jsonw_key(&w, "group");
        as_jsonw_text(&w, f->rows[i].group);
        as_jsonw_key(&w, "name");
        as_jsonw_text(&w, f->rows[i].name);
        as_jsonw_key(&w, "state");
        as_jsonw_text(&w, state_name(f->rows[i].state));
        as_jsonw_key(&w, "detail");
        as_jsonw_text(&w, f->rows[i].detail);
        as_jsonw_key(&w, "use");
        as_jsonw_text(&w, f->rows[i].use);
        as_jsonw_end(&w);
    }
    as_jsonw_end(&w);
    as_jsonw_end(&w);
    as_buf_byte(out, '\n');
}

int as_cmd_doctor(const as_args *args)
{
    struct findings *f = as_mem_zero(1, sizeof(*f));
    as_err err = {0};
    as_buf out = {0};

    if (!f) {
        (void)as_fail_nomem(&err, "the findings");
        return as_say_error(&err);
    }
    look_at_libraries(f);
    look_at_processor(f);
    look_at_folders(f);
    look_at_models(f);
    look_at_tools(f);
    if (as_args_has(args, AS_OPT_JSON))
        print_json(f, &out);
    else
        print_text(f, &out);
    as_mem_free(f);
    return as_out_print(&out);
}
