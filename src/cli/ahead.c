#include "cli/cli_priv.h"

#include <fts.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/*
 * Reading, unpacking, hashing and packing a file needs nothing of the database, so it is
 * done ahead of the thread that writes that. The files are listed first, as the walk will
 * meet them; one that it does not meet, or meets too early, costs nothing but the work.
 */
enum state { WAITING, RUNNING, KEPT, GIVEN_UP };

struct file {
    char *path;
    enum state state;
    as_blob_info info;
};

struct worker {
    as_ahead *ahead;
    as_blobs *blobs;
    pthread_t thread;
    bool started;
};

struct as_ahead {
    as_store *store;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct file *files;
    size_t n, cap;
    size_t *by_path; /* numbers of files, sorted */
    size_t next;     /* to be put */
    size_t walked;   /* behind the last that was asked for */
    bool end;
    struct worker workers[AS_AHEAD_WORKERS];
    unsigned n_workers;
};

/* --- the list --------------------------------------------------------------------------- */

static int by_name(const FTSENT **x, const FTSENT **y)
{
    return strcmp((*x)->fts_name, (*y)->fts_name);
}

static as_code list_file(as_ahead *a, const char *path, as_err *err)
{
    size_t n = strlen(path) + 1;
    char *copy = as_mem_get(n);
    void *p = a->files;

    if (!copy || !as_mem_room(&p, &a->cap, a->n, sizeof(*a->files))) {
        as_mem_free(copy);
        return as_fail_nomem(err, "the list of files");
    }
    a->files = p;
    memcpy(copy, path, n);
    a->files[a->n++] = (struct file){.path = copy};
    return AS_OK;
}

/* What the walk passes over is not put; what cannot be read, it will tell. */
static as_code list_files(as_ahead *a, char *const *operands, int n, as_err *err)
{
    char **paths = as_mem_zero((size_t)n + 1, sizeof(char *));
    as_code rc = AS_OK;
    FTSENT *entry;
    FTS *walk;

    if (!paths)
        return as_fail_nomem(err, "the list of files");
    memcpy(paths, operands, (size_t)n * sizeof(char *));
    walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    while (!rc && walk && a->n < AS_INPUTS_ENTRIES && (entry = fts_read(walk)) != NULL) {
        bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';

        if (hidden && entry->fts_info == FTS_D)
            (void)fts_set(walk, entry, FTS_SKIP);
        else if (!hidden && entry->fts_info == FTS_F)
            rc = list_file(a, entry->fts_path, err);
    }
    if (walk)
        (void)fts_close(walk);
    as_mem_free(paths);
    return rc;
}

static int by_path(const void *x, const void *y, void *ctx)
{
    const struct file *files = ctx;

    return strcmp(files[*(const size_t *)x].path, files[*(const size_t *)y].path);
}

static as_code sort_files(as_ahead *a, as_err *err)
{
    a->by_path = as_mem_zero(a->n + 1, sizeof(*a->by_path));
    if (!a->by_path)
        return as_fail_nomem(err, "the list of files");
    for (size_t i = 0; i < a->n; i++)
        a->by_path[i] = i;
    qsort_r(a->by_path, a->n, sizeof(*a->by_path), by_path, a->files);
    return AS_OK;
}

static struct file *find_file(as_ahead *a, const char *path)
{
    size_t low = 0, high = a->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(a->files[a->by_path[mid]].path, path);

        if (order == 0)
            return &a->files[a->by_path[mid]];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* --- the workers ------------------------------------------------------------------------ */

/* An archive is not a report: the walk looks into it. */
static bool is_archive(as_bytes head)
{
    static const struct {
        size_t at, n;
        const char *magic;
    } known[] = {{0, 2, "PK"},
                 {0, 4, "7z\xbc\xaf"},
                 {0, 3, "BZh"},
                 {0, 4,
                  "\xfd"
                  "7zX"},
                 {0, 4, "\x28\xb5\x2f\xfd"},
                 {257, 5, "ustar"}};

    for (size_t i = 0; i < AS_COUNT(known); i++)
        if (head.n >= known[i].at + known[i].n &&
            !memcmp(head.p + known[i].at, known[i].magic, known[i].n))
            return true;
    return false;
}

#define HEAD_SIZE 512u

static bool put_file(as_blobs *blobs, const char *path, as_blob_info *ret)
{
    as_source *source = NULL;
    as_bytes head;
    bool good = !as_source_open(path, NULL, &source, NULL) &&
                !as_source_peek(source, HEAD_SIZE, &head, NULL) && head.n > 0 &&
                !is_archive(head) && !as_blob_put(blobs, source, true, ret, NULL);

    as_source_free(source);
    return good;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    as_ahead *a = w->ahead;

    pthread_mutex_lock(&a->lock);
    while (!a->end && a->next < a->n) {
        struct file *f = &a->files[a->next];
        bool good;

        if (a->next >= a->walked + AS_AHEAD_FILES) {
            pthread_cond_wait(&a->changed, &a->lock);
            continue;
        }
        a->next++;
        if (f->state != WAITING)
            continue;
        f->state = RUNNING;
        pthread_mutex_unlock(&a->lock);
        good = put_file(w->blobs, f->path, &f->info);
        pthread_mutex_lock(&a->lock);
        f->state = good ? KEPT : GIVEN_UP;
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* Signals stay with the thread that handles them. A thread that does not start is missed. */
static as_code start_workers(as_ahead *a, unsigned n, as_err *err)
{
    sigset_t all, old;
    as_code rc = AS_OK;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (unsigned i = 0; !rc && i < n && i < AS_AHEAD_WORKERS; i++) {
        struct worker *w = &a->workers[i];

        w->ahead = a;
        rc = as_store_open_blobs(a->store, &w->blobs, err);
        a->n_workers = i + 1;
        if (!rc)
            w->started = !pthread_create(&w->thread, NULL, work, w);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

as_code as_ahead_new(as_store *s, char *const *paths, int n, unsigned workers, as_ahead **ret,
                     as_err *err)
{
    as_ahead *a = as_mem_zero(1, sizeof(*a));
    as_code rc;

    if (!a)
        return as_fail_nomem(err, "the list of files");
    a->store = s;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    rc = list_files(a, paths, n, err);
    if (!rc)
        rc = sort_files(a, err);
    if (!rc && a->n > 1) /* one file is read by who adds it */
        rc = start_workers(a, workers, err);
    if (rc) {
        as_ahead_free(a);
        return rc;
    }
    *ret = a;
    return AS_OK;
}

bool as_ahead_take(as_ahead *a, const char *path, as_blob_info *ret)
{
    struct file *f = find_file(a, path);
    bool good;

    if (!f || a->n_workers == 0)
        return false;
    pthread_mutex_lock(&a->lock);
    if ((size_t)(f - a->files) >= a->walked)
        a->walked = (size_t)(f - a->files) + 1;
    pthread_cond_broadcast(&a->changed);
    while (f->state == RUNNING)
        pthread_cond_wait(&a->changed, &a->lock);
    good = f->state == KEPT;
    if (good)
        *ret = f->info;
    f->state = GIVEN_UP;
    pthread_mutex_unlock(&a->lock);
    return good;
}

void as_ahead_free(as_ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->end = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->n_workers; i++) {
        if (a->workers[i].started)
            (void)pthread_join(a->workers[i].thread, NULL);
        as_blobs_close(a->workers[i].blobs);
    }
    for (size_t i = 0; i < a->n; i++) {
        if (a->files[i].state == KEPT)
            as_store_forget_kept(a->store, &a->files[i].info);
        as_mem_free(a->files[i].path);
    }
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    as_mem_free(a->by_path);
    as_mem_free(a->files);
    as_mem_free(a);
}
