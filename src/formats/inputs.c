#include "formats/inputs.h"
#include "base/escape.h"
#include "formats/inputs_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

#define RATIO_FREE ((uint64_t)64 << 20) /* below this much output no ratio is too high */
#define HOLD_STEP  ((size_t)256 << 10)
#define ZIP_USUAL  "infected" /* what analysts agreed on for samples and their reports */

/* What of the walk is over. */
enum over { GOING, FILE_OVER, ALL_OVER };

struct walk {
    const as_inputs_options *options;
    as_inputs_limits limits;
    const char *passwords[AS_INPUTS_PASSWORDS + 1];
    size_t n_passwords;
    as_input_fn *fn;
    void *ctx;
    uint64_t entries;
    enum over over;
    /* of the file on disk at hand */
    const char *file;
    as_source *outer;
    uint64_t size; /* 0: unknown */
    uint64_t unpacked;
    as_err fault; /* of FILE_OVER: whoever meets it may make something else of it */
};

/* A member as a stream. */
struct member {
    struct walk *w;
    as_box *box;
    const char *name;
};

static as_code visit(struct walk *w, as_source *s, bool direct, bool found, unsigned depth,
                     as_err *err);

const char *as_skip_text(as_skip why)
{
    static const char *const texts[] = {
#define AS_X(name, text) [AS_SKIP_##name] = (text),
        AS_SKIP_MAP(AS_X)
#undef AS_X
    };

    return texts[why];
}

static void tell(const struct walk *w, as_skip why, const char *name, const as_err *err)
{
    if (w->options->on_skip)
        w->options->on_skip(w->options->skip_ctx, why, name, err);
}

/* --- limits -------------------------------------------------------------------------- */

static as_code count_entry(struct walk *w, const char *name, as_err *err)
{
    if (w->entries++ < w->limits.entries)
        return AS_OK;
    w->over = ALL_OVER;
    return as_fail(err, AS_LIMIT, AS_NO_OFFSET,
                   "'%s' goes beyond the %llu files that are read at once", name,
                   (unsigned long long)w->limits.entries);
}

/* What may still come out of the file at hand. */
static uint64_t unpacked_left(const struct walk *w)
{
    uint64_t packed = w->size ? w->size : as_source_at_packed(w->outer);
    uint64_t most;

    if (__builtin_mul_overflow(packed, (uint64_t)w->limits.ratio, &most) || most < RATIO_FREE)
        most = RATIO_FREE;
    if (most > w->limits.unpacked)
        most = w->limits.unpacked;
    return w->unpacked < most ? most - w->unpacked : 0;
}

static as_code count_bytes(struct walk *w, uint64_t n, as_err *err)
{
    uint64_t left = unpacked_left(w);

    w->unpacked += n;
    if (n <= left)
        return AS_OK;
    if (w->unpacked > w->limits.unpacked)
        (void)as_fail(&w->fault, AS_LIMIT, AS_NO_OFFSET, "'%s' unpacks to more than %llu bytes",
                      w->file, (unsigned long long)w->limits.unpacked);
    else
        (void)as_fail(&w->fault, AS_LIMIT, AS_NO_OFFSET,
                      "'%s' unpacks to more than %u times its size: a compression bomb", w->file,
                      w->limits.ratio);
    w->over = w->over == GOING ? FILE_OVER : w->over;
    if (err)
        *err = w->fault;
    return AS_LIMIT;
}

/* --- names ------------------------------------------------------------------------------ */

static bool is_junk(const char *name, size_t n)
{
    static const char *const junk[] = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"};

    for (size_t i = 0; i < AS_COUNT(junk); i++)
        if (strlen(junk[i]) == n && memcmp(junk[i], name, n) == 0)
            return true;
    return n > 2 && name[0] == '.' && name[1] == '_';
}

/*
 * Junk or hidden by any of its folders or itself; some archives have the backslash between
 * them. "." and ".." are no hidden folders.
 */
static bool is_left_out(const char *name, as_skip *ret)
{
    bool hidden = false;

    while (*name) {
        size_t n = strcspn(name, "/\\");

        if (is_junk(name, n)) {
            *ret = AS_SKIP_JUNK;
            return true;
        }
        hidden = hidden || (name[0] == '.' && n > 1 && !(n == 2 && name[1] == '.'));
        name += n;
        name += strspn(name, "/\\");
    }
    *ret = AS_SKIP_HIDDEN;
    return hidden;
}

/* "samples.zip!logs/a.json", all of it text that a person may see. */
static as_code member_name(const char *outer, const char *name, as_buf *ret, as_err *err)
{
    as_buf_reset(ret);
    if (strcmp(outer, "-") == 0)
        outer = "standard input";
    as_buf_text(ret, outer);
    as_buf_byte(ret, '!');
    as_escape_visible_cut(ret, as_bytes_of(name), AS_INPUTS_NAME);
    as_buf_byte(ret, '\0');
    return ret->failed ? as_fail_nomem(err, "the name of a file") : AS_OK;
}

/* --- archives --------------------------------------------------------------------------- */

static as_code member_read(void *ctx, uint8_t *dst, size_t cap, size_t *ret_n, as_err *err)
{
    struct member *m = ctx;
    size_t n = 0;
    as_code rc = as_box_read(m->box, m->name, dst, cap, &n, err);

    if (!rc)
        rc = count_bytes(m->w, n, err);
    if (!rc)
        *ret_n = n;
    return rc;
}

/* What is packed once more inside is bounded by what may come out of the file in all. */
static as_code open_member(struct member *m, uint64_t size, as_source **ret, as_err *err)
{
    as_source_limits limits = AS_SOURCE_LIMITS_DEFAULT;
    uint64_t left = unpacked_left(m->w);

    if (left < limits.unpacked_max)
        limits.unpacked_max = left;
    return as_source_open_stream(m->name, member_read, m, size, &limits, ret, err);
}

static as_code read_member(struct member *m, uint64_t size, bool found, unsigned depth,
                           as_skip *ret_why, as_err *err)
{
    as_source *s = NULL;
    as_code rc = open_member(m, size, &s, err);

    *ret_why = as_box_fault(m->box);
    if (rc)
        return rc;
    *ret_why = AS_SKIP_FAILED;
    rc = visit(m->w, s, false, found, depth, err);
    if (!rc && as_source_packed(s))
        rc = count_bytes(m->w, as_source_at(s), err);
    as_source_free(s);
    return rc;
}

/* One that fails costs itself alone, unless it took the archive or the walk with it. */
static as_code found_member(struct member *m, const as_member *about, unsigned depth, as_err *err)
{
    as_err fault = {0};
    as_skip why = AS_SKIP_FAILED;
    as_code rc = read_member(m, about->size, true, depth, &why, &fault);

    if (rc && m->w->over == GOING && !as_box_over(m->box)) {
        tell(m->w, rc == AS_UNKNOWN ? AS_SKIP_UNKNOWN : why, m->name, &fault);
        return AS_OK;
    }
    if (rc && err)
        *err = fault;
    return rc;
}

static as_code one_member(struct walk *w, as_box *box, const char *outer, as_buf *name,
                          unsigned depth, as_err *err)
{
    const as_member *about = as_box_about(box);
    struct member m = {.w = w, .box = box};
    as_err fault = {0};
    as_skip why;
    as_code rc = count_entry(w, outer, err);

    if (!rc)
        rc = member_name(outer, about->name, name, err);
    if (rc || about->kind == AS_MEMBER_FOLDER)
        return rc;
    m.name = (const char *)name->p;
    if (about->kind == AS_MEMBER_BROKEN) {
        (void)as_fail(&fault, AS_INVALID, AS_NO_OFFSET, "the entry of '%s' is damaged", m.name);
        tell(w, AS_SKIP_FAILED, m.name, &fault);
    } else if (about->kind == AS_MEMBER_LINK)
        tell(w, AS_SKIP_LINK, m.name, NULL);
    else if (about->kind == AS_MEMBER_SPECIAL)
        tell(w, AS_SKIP_SPECIAL, m.name, NULL);
    else if (is_left_out(about->name, &why))
        tell(w, why, m.name, NULL);
    else
        return found_member(&m, about, depth, err);
    return AS_OK;
}

static as_code each_member(struct walk *w, as_box *box, const char *outer, unsigned depth,
                           as_err *err)
{
    as_buf name = {0};
    bool more = true;
    as_code rc = AS_OK;

    while (!rc && w->over == GOING) {
        rc = as_box_next(box, &more, err);
        if (rc || !more)
            break;
        rc = one_member(w, box, outer, &name, depth, err);
    }
    as_buf_done(&name);
    return rc;
}

/* Around one thing that has no name of its own: it is what it is in. */
static as_code wrapped(struct walk *w, as_box *box, const char *outer, bool found, unsigned depth,
                       as_err *err)
{
    struct member m = {.w = w, .box = box, .name = outer};
    bool more = true;
    as_skip why;
    as_code rc = as_box_next(box, &more, err);

    if (rc)
        return rc;
    if (!more)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "'%s' is empty once unpacked", outer);
    return read_member(&m, 0, found, depth, &why, err);
}

/* A tar ends before its file does, and damage behind the end may be a lost part. */
static as_code drain(as_source *s, as_err *err)
{
    uint8_t *chunk = as_mem_get(HOLD_STEP);
    size_t n = 1;
    as_code rc = chunk ? AS_OK : as_fail_nomem(err, "an archive");

    while (!rc && n > 0)
        rc = as_source_read(s, chunk, HOLD_STEP, &n, err);
    as_mem_free(chunk);
    return rc;
}

/* --- what an input is --------------------------------------------------------------------- */

static as_code hold(const struct walk *w, as_source *s, as_buf *ret, as_err *err)
{
    size_t n = 0;
    as_code rc = AS_OK;

    do {
        uint8_t *room = as_buf_room(ret, HOLD_STEP);

        if (!room)
            return as_fail_nomem(err, "an archive inside another");
        rc = as_source_read(s, room, HOLD_STEP, &n, err);
        if (rc)
            return rc;
        ret->n += n;
        if (ret->n > w->limits.held)
            return as_fail(err, AS_LIMIT, AS_NO_OFFSET,
                           "'%s' is an archive of more than %zu bytes that is no file of its own; "
                           "unpack what it is in",
                           as_source_name(s), w->limits.held);
    } while (n > 0);
    return AS_OK;
}

static as_code open_packing(struct walk *w, as_packing packing, as_source *s, bool direct,
                            as_buf *held, as_box **ret, as_err *err)
{
    const char *order[AS_INPUTS_PASSWORDS + 2];
    as_backing backing = {0};
    size_t n = w->n_passwords, right;
    as_code rc = AS_OK;

    if (!as_packing_seeks(packing))
        backing.stream = s;
    else if (direct && !as_source_packed(s))
        backing.path = w->file;
    else
        rc = hold(w, s, held, err);
    if (rc)
        return rc;
    backing.held = as_buf_bytes(held);
    if (packing != AS_PACKING_ZIP)
        return as_box_open(packing, &backing, as_source_name(s), NULL, 0, ret, err);
    right = as_box_password(packing, &backing, w->passwords, n);
    memcpy(order + 1, w->passwords, n * sizeof(order[0]));
    order[0] = right < n ? w->passwords[right] : "";
    return as_box_open(packing, &backing, as_source_name(s), order, n + 1, ret, err);
}

static as_code visit_packed(struct walk *w, as_packing packing, as_source *s, bool direct,
                            bool found, unsigned depth, as_err *err)
{
    const char *name = as_source_name(s);
    as_buf held = {0};
    as_box *box = NULL;
    as_code rc;

    if (depth == w->limits.nested)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET,
                       "'%s' is packed in more than %u archives, one in the other", name,
                       w->limits.nested);
    as_source_hash(s, false);
    rc = open_packing(w, packing, s, direct, &held, &box, err);
    if (!rc && as_packing_wraps(packing))
        rc = wrapped(w, box, name, found, depth + 1, err);
    else if (!rc)
        rc = each_member(w, box, name, depth + 1, err);
    if (!rc && w->over == GOING && packing == AS_PACKING_TAR)
        rc = drain(s, err);
    as_box_free(box);
    as_buf_done(&held);
    return rc;
}

static as_code deliver(struct walk *w, as_source *s, bool direct, bool found, as_err *err)
{
    as_input input = {.source = s, .file = w->file, .found = found, .direct = direct};
    as_code rc = w->fn(w->ctx, &input, err);

    if (rc == AS_IO || input.stop)
        w->over = ALL_OVER;
    return input.stop ? AS_OK : rc;
}

static as_code visit(struct walk *w, as_source *s, bool direct, bool found, unsigned depth,
                     as_err *err)
{
    as_packing packing;
    as_bytes head = {0};
    as_code rc = as_source_peek(s, AS_PACKING_HEAD, &head, err);

    if (rc)
        return rc;
    packing = as_packing_of(head);
    if (packing == AS_PACKING_NONE)
        return deliver(w, s, direct, found, err);
    if (packing == AS_PACKING_VOID)
        return AS_OK;
    return visit_packed(w, packing, s, direct, found, depth, err);
}

static as_code visit_source(struct walk *w, as_source *s, const char *file, bool direct, bool found,
                            as_err *err)
{
    as_code rc;

    w->file = file;
    w->outer = s;
    w->size = as_source_size(s);
    w->unpacked = 0;
    rc = visit(w, s, direct, found, 0, err);
    if (w->over != FILE_OVER)
        return rc;
    w->over = GOING;
    if (err)
        *err = w->fault;
    return w->fault.code;
}

static as_code visit_file(struct walk *w, const char *path, bool found, as_err *err)
{
    as_source *s = NULL;
    as_code rc = as_source_open(path, NULL, &s, err);

    if (rc)
        return rc;
    rc = visit_source(w, s, path, strcmp(path, "-") != 0, found, err);
    as_source_free(s);
    return rc;
}

/* --- folders -------------------------------------------------------------------------------- */

struct names {
    char **p;
    size_t n, cap;
};

static void names_done(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        as_mem_free(names->p[i]);
    as_mem_free(names->p);
}

static as_code names_add(struct names *names, const char *name, as_err *err)
{
    size_t n = strlen(name) + 1;
    char *copy;

    if (names->n == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 64;
        char **p = as_mem_resize(names->p, cap * sizeof(*p));

        if (!p)
            return as_fail_nomem(err, "the names in a folder");
        names->p = p;
        names->cap = cap;
    }
    copy = as_mem_get(n);
    if (!copy)
        return as_fail_nomem(err, "the names in a folder");
    memcpy(copy, name, n);
    names->p[names->n++] = copy;
    return AS_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static as_code read_names(struct walk *w, const char *path, struct names *ret, as_err *err)
{
    DIR *dir = opendir(path);
    const struct dirent *e;
    as_code rc = AS_OK;

    if (!dir)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s", path,
                       strerror(errno));
    errno = 0;
    while (!rc && (e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        rc = count_entry(w, path, err);
        if (!rc)
            rc = names_add(ret, e->d_name, err);
        errno = 0;
    }
    if (!rc && errno)
        rc = as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot read '%s': %s", path, strerror(errno));
    (void)closedir(dir);
    if (!rc && ret->n > 0)
        qsort(ret->p, ret->n, sizeof(*ret->p), by_bytes);
    return rc;
}

static as_code visit_folder(struct walk *w, const char *path, unsigned depth, as_err *err);

/* Never through a symbolic link: it may lead out of the folder, or back into it. */
static as_code visit_entry(struct walk *w, const char *path, unsigned depth, as_err *err)
{
    struct stat st;

    if (lstat(path, &st))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s", path,
                       strerror(errno));
    if (S_ISDIR(st.st_mode))
        return visit_folder(w, path, depth + 1, err);
    if (S_ISREG(st.st_mode))
        return visit_file(w, path, true, err);
    tell(w, S_ISLNK(st.st_mode) ? AS_SKIP_LINK : AS_SKIP_SPECIAL, path, NULL);
    return AS_OK;
}

static as_code join_path(const char *folder, const char *name, as_buf *ret, as_err *err)
{
    size_t n = strlen(folder);

    as_buf_reset(ret);
    as_buf_text(ret, folder);
    if (n > 0 && folder[n - 1] != '/')
        as_buf_byte(ret, '/');
    as_buf_text(ret, name);
    as_buf_byte(ret, '\0');
    return ret->failed ? as_fail_nomem(err, "the name of a file") : AS_OK;
}

/* One that fails costs itself alone. */
static as_code found_entry(struct walk *w, const char *path, const char *name, unsigned depth,
                           as_err *err)
{
    as_err fault = {0};
    as_skip why;
    as_code rc;

    if (is_left_out(name, &why)) {
        tell(w, why, path, NULL);
        return AS_OK;
    }
    rc = visit_entry(w, path, depth, &fault);
    if (w->over == ALL_OVER) {
        if (rc && err)
            *err = fault;
        return rc;
    }
    if (rc)
        tell(w, rc == AS_UNKNOWN ? AS_SKIP_UNKNOWN : AS_SKIP_FAILED, path, &fault);
    return AS_OK;
}

static as_code visit_folder(struct walk *w, const char *path, unsigned depth, as_err *err)
{
    struct names names = {0};
    as_buf below = {0};
    as_code rc;

    if (depth == w->limits.folders)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "'%s' lies more than %u folders deep", path,
                       w->limits.folders);
    rc = read_names(w, path, &names, err);
    for (size_t i = 0; !rc && w->over == GOING && i < names.n; i++) {
        rc = join_path(path, names.p[i], &below, err);
        if (!rc)
            rc = found_entry(w, (const char *)below.p, names.p[i], depth, err);
    }
    as_buf_done(&below);
    names_done(&names);
    return rc;
}

/* --- the walk ----------------------------------------------------------------------------------
 */

static as_inputs_limits limits_of(const as_inputs_limits *given)
{
    as_inputs_limits l = *given;

    l.entries = l.entries ? l.entries : AS_INPUTS_ENTRIES;
    l.unpacked = l.unpacked ? l.unpacked : AS_INPUTS_UNPACKED;
    l.held = l.held ? l.held : AS_INPUTS_HELD;
    l.ratio = l.ratio ? l.ratio : AS_INPUTS_RATIO;
    l.folders = l.folders ? l.folders : AS_INPUTS_FOLDERS;
    l.nested = l.nested ? l.nested : AS_INPUTS_NESTED;
    return l;
}

static as_code walk_init(struct walk *w, const as_inputs_options *options, as_input_fn *fn,
                         void *ctx, as_err *err)
{
    static const as_inputs_options none = {0};

    *w = (struct walk){.options = options ? options : &none, .fn = fn, .ctx = ctx};
    w->limits = limits_of(&w->options->limits);
    if (w->options->n_passwords > AS_INPUTS_PASSWORDS)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "%zu passwords, at most %u are tried",
                       w->options->n_passwords, AS_INPUTS_PASSWORDS);
    for (size_t i = 0; i < w->options->n_passwords; i++)
        w->passwords[w->n_passwords++] = w->options->passwords[i];
    w->passwords[w->n_passwords++] = ZIP_USUAL;
    return AS_OK;
}

as_code as_inputs_each(const char *path, const as_inputs_options *options, as_input_fn *fn,
                       void *ctx, as_err *err)
{
    struct walk w;
    struct stat st;
    as_code rc = walk_init(&w, options, fn, ctx, err);

    if (rc)
        return rc;
    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return visit_folder(&w, path, 0, err);
    return visit_file(&w, path, false, err);
}

as_code as_inputs_each_in(as_source *source, const as_inputs_options *options, as_input_fn *fn,
                          void *ctx, as_err *err)
{
    struct walk w;
    as_code rc = walk_init(&w, options, fn, ctx, err);

    if (rc)
        return rc;
    return visit_source(&w, source, as_source_name(source), false, false, err);
}
