#include "unit/retrieve/vectors_model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/banned.h"

#define DIM 12u

static const as_vectors_options plain = {.dim = DIM};
static const as_vectors_options low = {.dim = DIM, .exact_max = 150, .threads = 1};

/* --- whole files ----------------------------------------------------------------------------- */

struct file {
    char name[64];
    uint8_t *p;
    size_t n;
};

struct files {
    struct file f[8];
    size_t n;
};

static void path_of(const struct place *p, const char *name, char path[256])
{
    (void)snprintf(path, 256, "%s/%s", p->folder, name);
}

static void read_whole(const struct place *p, const char *name, struct file *f)
{
    char path[256];
    struct stat st = {0};
    int fd;

    path_of(p, name, path);
    (void)snprintf(f->name, sizeof(f->name), "%s", name);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && !fstat(fd, &st));
    f->n = (size_t)st.st_size;
    f->p = malloc(f->n + 1);
    assert_non_null(f->p);
    assert_int_equal(read(fd, f->p, f->n), f->n);
    (void)close(fd);
}

static void write_whole(const struct place *p, const char *name, const uint8_t *bytes, size_t n)
{
    char path[256];
    int fd;

    path_of(p, name, path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    (void)close(fd);
}

static void read_all(const struct place *p, struct files *all)
{
    DIR *dir = opendir(p->folder);
    struct dirent *e;

    *all = (struct files){.n = 0};
    assert_non_null(dir);
    while ((e = readdir(dir)))
        if (e->d_name[0] != '.' && strcmp(e->d_name, "lock") != 0) {
            assert_true(all->n < AS_COUNT(all->f));
            read_whole(p, e->d_name, &all->f[all->n++]);
        }
    (void)closedir(dir);
}

static void write_all(const struct place *p, const struct files *all)
{
    for (size_t i = 0; i < all->n; i++)
        write_whole(p, all->f[i].name, all->f[i].p, all->f[i].n);
}

static void free_all(struct files *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->f[i].p);
    all->n = 0;
}

static const struct file *file_of(const struct files *all, const char *ending)
{
    for (size_t i = 0; i < all->n; i++) {
        size_t n = strlen(all->f[i].name), tail = strlen(ending);

        if (n >= tail && !strcmp(all->f[i].name + n - tail, ending))
            return &all->f[i];
    }
    fail_msg("no file '%s'", ending);
    return NULL;
}

/* --- a store with a history ------------------------------------------------------------------- */

#define COMMITS 6u

struct history {
    size_t size[COMMITS];  /* of the log after each commit */
    size_t count[COMMITS]; /* of vectors */
    struct files files;
};

static void put_some(struct model *m, as_vectors *v, int64_t first, int64_t last)
{
    float vector[DIM] = {0};

    for (int64_t id = first; id <= last; id++) {
        as_vector_tags tags = {id % 4 + 1, 1, 2, 1};

        random_vector(m, 5, vector);
        must(as_vectors_put(v, id, vector, &tags, NULL));
        model_put(m, id, vector, tags);
    }
}

/* What each commit does: puts, replaces, deletes. */
static void live(struct model *m, as_vectors *v, unsigned commit)
{
    put_some(m, v, commit * 2, commit * 2 + 4);
    if (commit % 2) {
        must(as_vectors_delete(v, commit * 2, NULL));
        model_delete(m, commit * 2);
    }
    must(as_vectors_commit(v, NULL));
}

/* The model as it was after a number of commits. */
static void model_after(struct model *m, struct place *p, unsigned commits, struct history *h)
{
    as_vectors *v;

    model_clear(m);
    *m = (struct model){.dim = DIM, .random = 3};
    place_empty(p);
    v = open_vectors(p, plain);
    for (unsigned i = 0; i < commits; i++) {
        live(m, v, i);
        if (h) {
            h->size[i] = v->set.log_bytes;
            h->count[i] = m->n;
        }
    }
    as_vectors_close(v);
    if (h)
        read_all(p, &h->files);
}

static struct model models[COMMITS + 1];

static void make_history(struct place *p, struct history *h)
{
    for (unsigned i = 0; i <= COMMITS; i++)
        model_after(&models[i], p, i, i == COMMITS ? h : NULL);
}

static void end_history(struct history *h)
{
    free_all(&h->files);
    for (unsigned i = 0; i <= COMMITS; i++)
        model_clear(&models[i]);
}

/* --- a torn tail --------------------------------------------------------------------------------
 */

static void a_log_cut_at_any_byte_has_what_was_committed_before(void **state)
{
    struct place *p = *state;
    struct history h;
    const struct file *log;
    as_err err = {0};

    make_history(p, &h);
    log = file_of(&h.files, "log");
    assert_int_equal(log->n, h.size[COMMITS - 1]);
    for (size_t n = 0; n < log->n; n++) {
        unsigned whole = 0;
        as_vectors *v = NULL;
        as_code rc;

        while (whole < COMMITS && n >= h.size[whole] - AS_VLOG_ENTRY)
            whole++; /* the first of its two marks is enough */
        write_all(p, &h.files);
        write_whole(p, "log", log->p, n);
        rc = as_vectors_open(p->folder, "test", &plain, &v, &err);
        if (n < AS_VLOG_HEADER) {
            assert_int_equal(rc, AS_INVALID);
            continue;
        }
        must(rc);
        check_same(&models[whole], v, 1);
        if (n % 16 == 0) { /* and life goes on */
            float vector[DIM] = {1};

            must(as_vectors_put(v, 999, vector, NULL, NULL));
            must(as_vectors_commit(v, NULL));
            as_vectors_close(v);
            v = open_vectors(p, plain);
            assert_int_equal(as_vectors_count(v), models[whole].n + 1);
            assert_true(as_vectors_has(v, 999));
            must(as_vectors_check(v, NULL));
        }
        as_vectors_close(v);
    }
    end_history(&h);
}

static void garbage_behind_the_last_commit_is_cut_off(void **state)
{
    struct place *p = *state;
    struct history h;
    const struct file *log;
    uint8_t *longer;
    as_vectors *v;

    make_history(p, &h);
    log = file_of(&h.files, "log");
    longer = malloc(log->n + 1000);
    assert_non_null(longer);
    memcpy(longer, log->p, log->n);
    for (size_t i = 0; i < 1000; i++)
        longer[log->n + i] = (uint8_t)(i * 37);
    write_whole(p, "log", longer, log->n + 1000);
    v = open_vectors(p, plain);
    check_same(&models[COMMITS], v, 2);
    as_vectors_close(v);
    free(longer);
    end_history(&h);
}

/* --- damage
 * ---------------------------------------------------------------------------------------- */

/* The reader says AS_INVALID, or everything is as it was. */
static void a_changed_bit_in_the_log_is_seen(void **state)
{
    as_vectors_options read = {.dim = DIM, .read_only = true};
    struct place *p = *state;
    struct history h;
    const struct file *log;
    size_t seen = 0;

    make_history(p, &h);
    log = file_of(&h.files, "log");
    for (size_t at = 0; at < log->n; at++) {
        as_vectors *v = NULL;
        as_err err = {0};
        as_code rc;

        log->p[at] ^= (uint8_t)(1u << (at & 7));
        write_whole(p, "log", log->p, log->n);
        log->p[at] ^= (uint8_t)(1u << (at & 7));
        rc = as_vectors_open(p->folder, "test", &read, &v, &err);
        seen += rc != AS_OK;
        if (rc) {
            assert_int_equal(rc, AS_INVALID);
            assert_non_null(strstr(err.msg, "embed again"));
        } else {
            check_same(&models[COMMITS], v, 1);
        }
        as_vectors_close(v);
    }
    /*
     * A commit is there twice: the first copy of each may be lost (there is one of the empty
     * store too), and both in turn of the last.
     */
    assert_int_equal(seen, log->n - (COMMITS + 2) * (size_t)AS_VLOG_ENTRY);
    end_history(&h);
}

static void a_changed_bit_in_the_rows_is_seen(void **state)
{
    struct place *p = *state;
    struct history h;

    make_history(p, &h);
    for (unsigned which = 0; which < 2; which++) {
        const struct file *rows = file_of(&h.files, which ? ".i8" : ".f32");
        size_t seen = 0;

        for (size_t at = 0; at < rows->n; at++) {
            as_vectors *v;
            as_code rc;

            rows->p[at] ^= (uint8_t)(1u << (at & 7));
            write_whole(p, rows->name, rows->p, rows->n);
            rows->p[at] ^= (uint8_t)(1u << (at & 7));
            v = open_vectors(p, plain);
            rc = as_vectors_check(v, NULL);
            assert_true(rc == AS_OK || rc == AS_INVALID);
            seen += rc == AS_INVALID;
            if (rc == AS_INVALID && !which) {
                float query[DIM] = {1};
                as_hit hits[HITS];
                size_t n = 0;

                assert_int_equal(as_vectors_search(v, query, HITS, NULL, hits, &n, NULL),
                                 AS_INVALID);
            }
            as_vectors_close(v);
        }
        /* Rows of dead vectors are not looked at. */
        assert_int_equal(seen, models[COMMITS].n * (which ? as_scan_stride(DIM) : 4u * DIM));
        write_whole(p, rows->name, rows->p, rows->n);
    }
    end_history(&h);
}

static void rows_that_are_cut_short_are_seen(void **state)
{
    struct place *p = *state;
    struct history h;
    as_vectors *v = NULL;
    char path[256];

    make_history(p, &h);
    for (unsigned which = 0; which < 2; which++) {
        const struct file *rows = file_of(&h.files, which ? ".i8" : ".f32");

        write_whole(p, rows->name, rows->p, rows->n - 1);
        assert_int_equal(as_vectors_open(p->folder, "test", &plain, &v, NULL), AS_INVALID);
        path_of(p, rows->name, path);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(as_vectors_open(p->folder, "test", &plain, &v, NULL), AS_INVALID);
        write_whole(p, rows->name, rows->p, rows->n);
    }
    v = open_vectors(p, plain);
    check_same(&models[COMMITS], v, 1);
    as_vectors_close(v);
    end_history(&h);
}

static void a_damaged_graph_is_not_used_and_built_again(void **state)
{
    static struct model m;
    struct place *p = *state;
    struct file graph;
    as_vectors *v = open_vectors(p, low);

    m = (struct model){.dim = DIM, .random = 8};
    put_some(&m, v, 1, 200);
    must(as_vectors_commit(v, NULL));
    assert_string_equal(as_vectors_engine(v), "hnsw");
    as_vectors_close(v);
    read_whole(p, "graph", &graph);
    for (size_t at = 0; at < graph.n; at += at < 128 ? 1 : 97) {
        graph.p[at] ^= (uint8_t)(1u << (at & 7));
        write_whole(p, "graph", graph.p, graph.n);
        graph.p[at] ^= (uint8_t)(1u << (at & 7));
        v = open_vectors(p, low);
        assert_string_equal(as_vectors_engine(v), "exact");
        check_same(&m, v, 1);
        as_vectors_close(v);
    }
    for (size_t n = 0; n < graph.n; n += 131) {
        write_whole(p, "graph", graph.p, n);
        v = open_vectors(p, low);
        assert_string_equal(as_vectors_engine(v), "exact");
        as_vectors_close(v);
    }
    v = open_vectors(p, low);
    must(as_vectors_commit(v, NULL));
    assert_string_equal(as_vectors_engine(v), "hnsw");
    must(as_vectors_check(v, NULL));
    as_vectors_close(v);
    free(graph.p);
    model_clear(&m);
}

static void a_graph_of_another_history_is_not_used(void **state)
{
    static struct model m;
    struct place *p = *state;
    struct files before;
    struct file graph;
    as_vectors *v = open_vectors(p, low);

    m = (struct model){.dim = DIM, .random = 8};
    put_some(&m, v, 1, 100);
    must(as_vectors_commit(v, NULL));
    as_vectors_close(v);
    read_all(p, &before);
    v = open_vectors(p, low);
    put_some(&m, v, 101, 300);
    must(as_vectors_commit(v, NULL));
    assert_string_equal(as_vectors_engine(v), "hnsw");
    as_vectors_close(v);
    read_whole(p, "graph", &graph);

    write_all(p, &before); /* as if from a copy; then other vectors */
    v = open_vectors(p, (as_vectors_options){.exact_max = 10000});
    put_some(&m, v, 201, 500);
    must(as_vectors_commit(v, NULL));
    as_vectors_close(v);
    write_whole(p, "graph", graph.p, graph.n);
    v = open_vectors(p, low);
    assert_string_equal(as_vectors_engine(v), "exact");
    as_vectors_close(v);
    free(graph.p);
    free_all(&before);
    model_clear(&m);
}

/* --- rewriting
 * ------------------------------------------------------------------------------------- */

static void files_are_written_anew_when_many_rows_are_dead(void **state)
{
    static struct model m;
    struct place *p = *state;
    as_vectors *v = open_vectors(p, plain), *reader;
    struct files now;
    uint64_t stamp = v->set.stamp;

    m = (struct model){.dim = DIM, .random = 8};
    put_some(&m, v, 1, 300);
    must(as_vectors_commit(v, NULL));
    assert_true(v->set.stamp == stamp);
    reader = open_vectors(p, (as_vectors_options){.read_only = true});
    check_same(&m, reader, 1);
    for (int64_t id = 1; id < 120; id++) {
        must(as_vectors_delete(v, id, NULL));
        model_delete(&m, id);
    }
    put_some(&m, v, 200, 240);
    must(as_vectors_commit(v, NULL));
    assert_true(v->set.stamp != stamp);
    assert_int_equal(v->set.n, v->set.live);
    check_same(&m, v, 3);
    must(as_vectors_check(v, NULL));
    assert_int_equal(as_vectors_count(reader), 300); /* sees what was when it opened */
    must(as_vectors_check(reader, NULL));
    as_vectors_close(reader);
    as_vectors_close(v);
    read_all(p, &now);
    assert_int_equal(now.n, 3); /* nothing of the old is left */
    free_all(&now);
    v = open_vectors(p, plain);
    check_same(&m, v, 3);
    as_vectors_close(v);
    model_clear(&m);
}

static void halves_of_an_interrupted_rewrite_are_swept(void **state)
{
    static const char *const left[] = {"log.new", "graph.new", "0123456789abcdef.f32",
                                       "0123456789abcdef.i8"};
    struct place *p = *state;
    struct files now;
    as_vectors *v = open_vectors(p, plain);

    as_vectors_close(v);
    for (size_t i = 0; i < AS_COUNT(left); i++)
        write_whole(p, left[i], (const uint8_t *)"x", 1);
    write_whole(p, "mine.txt", (const uint8_t *)"x", 1);
    v = open_vectors(p, (as_vectors_options){.read_only = true});
    as_vectors_close(v);
    read_all(p, &now);
    assert_int_equal(now.n, 8);
    free_all(&now);
    v = open_vectors(p, plain);
    as_vectors_close(v);
    read_all(p, &now);
    assert_int_equal(now.n, 4);
    free_all(&now);
}

/* --- kill -9
 * ------------------------------------------------------------------------------------------ */

/* Puts, deletes and commits for ever; says after each commit how many there have been. */
static void child(const struct place *p, uint32_t from, int out)
{
    as_vectors *v = NULL;
    float vector[DIM] = {0};

    if (as_vectors_open(p->folder, "test", &low, &v, NULL))
        _exit(9);
    for (uint32_t i = from;; i++) {
        for (uint32_t k = 0; k < 8; k++) {
            int64_t id = (int64_t)i * 8 + k;

            vector[k] = (float)(i % 97) + 1;
            vector[DIM - 1] = (float)k + 1;
            if (as_vectors_put(v, id, vector, NULL, NULL) || as_vectors_delete(v, id - 300, NULL))
                _exit(9);
        }
        if (as_vectors_commit(v, NULL) || write(out, &i, sizeof(i)) != sizeof(i))
            _exit(9);
    }
}

static void what_was_committed_survives_kill_9(void **state)
{
    struct place *p = *state;
    uint32_t done = UINT32_MAX, next = 0; /* the last that was told */

    as_vectors_close(open_vectors(p, low));
    for (unsigned round = 0; round < 25; round++) {
        struct timespec wait = {0, (long)(round * 7919 % 41) * 1000000L + 500000L};
        int pipes[2], status = 0;
        uint32_t told;
        as_vectors *v;
        pid_t pid;

        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            (void)close(pipes[0]);
            child(p, next, pipes[1]);
        }
        (void)close(pipes[1]);
        (void)nanosleep(&wait, NULL);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(pipes[0], &told, sizeof(told)) == sizeof(told))
            done = told;
        (void)close(pipes[0]);
        v = open_vectors(p, low);
        must(as_vectors_check(v, NULL));
        if (done != UINT32_MAX) {
            int64_t last;

            while (as_vectors_has(v, (int64_t)(done + 1) * 8)) /* committed, not told */
                done++;
            last = (int64_t)done * 8 + 7;
            for (int64_t id = last; id >= 0 && id > last - 290; id--)
                assert_true(as_vectors_has(v, id));
            for (int64_t id = last + 1; id <= last + 8; id++) /* nothing of half a commit */
                assert_false(as_vectors_has(v, id));
            next = done + 1;
        }
        as_vectors_close(v);
    }
    assert_true(done != UINT32_MAX);
}

/* --- no room
 * -------------------------------------------------------------------------------------------- */

static void a_full_disk_leaves_what_was_committed(void **state)
{
    struct place *p = *state;
    as_vectors *v;
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) { /* a limit of the size of files stands for the disk */
        float vector[DIM] = {1, 2};
        as_code rc = AS_OK;
        int64_t id = 0;

        (void)signal(SIGXFSZ, SIG_IGN);
        v = NULL;
        if (as_vectors_open(p->folder, "test", &plain, &v, NULL))
            _exit(1);
        for (; id < 50; id++)
            if (as_vectors_put(v, id, vector, NULL, NULL))
                _exit(2);
        if (as_vectors_commit(v, NULL))
            _exit(3);
        if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){5000, 5000}))
            _exit(4);
        while (!rc && id < 5000)
            rc = as_vectors_put(v, id++, vector, NULL, NULL);
        if (!rc)
            rc = as_vectors_commit(v, NULL);
        _exit(rc == AS_IO && as_vectors_count(v) == (size_t)id - 1 ? 0 : 5);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    v = open_vectors(p, plain);
    assert_int_equal(as_vectors_count(v), 50);
    must(as_vectors_check(v, NULL));
    as_vectors_close(v);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_cut_at_any_byte_has_what_was_committed_before),
        TEST(garbage_behind_the_last_commit_is_cut_off),
        TEST(a_changed_bit_in_the_log_is_seen),
        TEST(a_changed_bit_in_the_rows_is_seen),
        TEST(rows_that_are_cut_short_are_seen),
        TEST(a_damaged_graph_is_not_used_and_built_again),
        TEST(a_graph_of_another_history_is_not_used),
        TEST(files_are_written_anew_when_many_rows_are_dead),
        TEST(halves_of_an_interrupted_rewrite_are_swept),
        TEST(what_was_committed_survives_kill_9),
        TEST(a_full_disk_leaves_what_was_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
