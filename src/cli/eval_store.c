#include "cli/eval_priv.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* The store that questions are asked of: the reports that they name, and no others. */

#define KEY_DIGITS 12u /* of a hash, in the name of a store that is kept */

as_code as_eval_folder(const as_args *args, const char *below, as_buf *ret, as_err *err)
{
    const char *data = as_args_get(args, AS_OPT_DATA);
    struct stat st;

    data = data ? data : getenv("ASSAY_DATA");
    if (!data || !*data)
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                       "where the reports are is not told: --data DIR, or ASSAY_DATA");
    as_buf_printf(ret, "%s/%s/", data, below);
    as_buf_byte(ret, '\0');
    if (ret->failed)
        return as_fail_nomem(err, "the name of a folder");
    ret->n--;
    if (stat((const char *)ret->p, &st) || !S_ISDIR(st.st_mode))
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "there are no %s: '%s' is no folder",
                       below, (const char *)ret->p);
    return AS_OK;
}

as_code as_eval_paths_look(as_eval_paths *p, as_arena *a, as_bytes reports, as_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        char *full = as_arena_take(a, reports.n + p->names[i].n + 1, 1);

        if (!full)
            return as_fail_nomem(err, "the names of the reports");
        if (reports.n > 0)
            memcpy(full, reports.p, reports.n);
        if (p->names[i].n > 0)
            memcpy(full + reports.n, p->names[i].p, p->names[i].n);
        p->full[i] = full;
        if (access(full, R_OK))
            return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                           "a report that is asked about cannot be read: '%s': %s", full,
                           strerror(errno));
    }
    return AS_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return as_bytes_cmp(*(const as_bytes *)a, *(const as_bytes *)b);
}

/* "DIR/logs-0123456789ab": other reports are another store. */
static as_code name_kept(const char *folder, const char *file, as_eval_paths *p, as_buf *ret,
                         as_err *err)
{
    const char *stem = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    const char *dot = strrchr(stem, '.');
    as_sha256 *h = as_sha256_new();
    uint8_t digest[AS_SHA256_SIZE];
    char hex[AS_SHA256_HEX + 1];

    if (!h)
        return as_fail_nomem(err, "a hash");
    qsort(p->names, p->n, sizeof(*p->names), by_bytes);
    for (size_t i = 0; i < p->n; i++) {
        if (i > 0)
            as_sha256_add(h, AS_LITERAL("\n"));
        as_sha256_add(h, p->names[i]);
    }
    as_sha256_get(h, digest);
    as_sha256_free(h);
    as_sha256_text(digest, hex);
    as_buf_printf(ret, "%s/%.*s-%.*s", folder, (int)(dot ? dot - stem : (long)strlen(stem)), stem,
                  (int)KEY_DIGITS, hex);
    as_buf_byte(ret, '\0');
    return ret->failed ? as_fail_nomem(err, "the name of a store") : AS_OK;
}

as_code as_eval_store_temporary(as_buf *ret, as_err *err)
{
    const char *folder = getenv("TMPDIR");

    as_buf_printf(ret, "%s/assay-eval-XXXXXX", folder && *folder ? folder : "/tmp");
    as_buf_byte(ret, '\0');
    if (ret->failed)
        return as_fail_nomem(err, "the name of a store");
    if (!mkdtemp((char *)ret->p))
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot make the folder '%s': %s",
                       (const char *)ret->p, strerror(errno));
    return AS_OK;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    (void)remove(path);
    return 0;
}

/* As 'assay add' would: what goes wrong is told by it. */
static int add_all(const char *home, const as_eval_paths *p)
{
    as_args args = {.command = AS_COMMAND_ADD, .operands = p->full, .n_operands = (int)p->n};

    args.values[AS_OPT_STORE] = home;
    args.values[AS_OPT_OUTPUT] = "/dev/null";
    args.values[AS_OPT_QUIET] = "";
    return as_cmd_add(&args);
}

/* A file beside the store says that all reports are in it. */
static as_code mark_complete(const char *mark, as_err *err)
{
    int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s': %s", mark, strerror(errno));
    (void)close(fd);
    return AS_OK;
}

/* *ret_status: what adding ended with, which has been told already. */
static as_code fill_store(const char *home, as_eval_paths *p, int *ret_status, as_err *err)
{
    as_buf mark = {0};
    as_code rc = AS_OK;

    as_buf_printf(&mark, "%s/complete", home);
    as_buf_byte(&mark, '\0');
    if (mark.failed)
        return as_fail_nomem(err, "the name of a store");
    if (access((const char *)mark.p, F_OK)) {
        *ret_status = add_all(home, p);
        if (*ret_status == 0)
            rc = mark_complete((const char *)mark.p, err);
    }
    as_buf_done(&mark);
    return rc;
}

as_code as_eval_store_make(const char *folder, const char *file, as_eval_paths *p, as_buf *ret_home,
                           int *ret_status, as_err *err)
{
    as_code rc =
        folder ? name_kept(folder, file, p, ret_home, err) : as_eval_store_temporary(ret_home, err);

    return rc ? rc : fill_store((const char *)ret_home->p, p, ret_status, err);
}

void as_eval_store_drop(const char *folder, as_buf *home)
{
    if (!folder && home->n > 0 && !home->failed)
        (void)nftw((const char *)home->p, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    as_buf_done(home);
}
