#include "formats/strace_priv.h"

#include "base/hash.h"

#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

/*
 * strace numbers threads. Which of them are one process, and who started whom, its lines
 * tell by and by: a thread may have lines before the call that started it comes back.
 */

/* --- tasks ------------------------------------------------------------------------------ */

#define SLOTS_MIN ((size_t)1024)

as_code as_strace_begin(as_strace *s, as_walk *w, as_err *err)
{
    *s = (as_strace){.w = w};
    if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) != sizeof(s->seed))
        s->seed = (uint64_t)(uintptr_t)s;
    s->slots = as_mem_zero(SLOTS_MIN, sizeof(void *));
    s->n_slots = SLOTS_MIN;
    s->names = as_mem_zero(AS_STRACE_NAMES, sizeof(*s->names));
    return s->slots && s->names ? AS_OK : as_fail_nomem(err, "the processes of a log");
}

static void process_free(as_strace *s, as_strace_process *p)
{
    s->n_files -= p->n_files;
    as_mem_free(p->files);
    as_mem_free(p);
}

static void task_free(as_strace *s, as_strace_task *t)
{
    if (t->process && --t->process->tasks == 0)
        process_free(s, t->process);
    as_buf_done(&t->text);
    as_mem_free(t);
}

void as_strace_done(as_strace *s)
{
    while (s->first) {
        as_strace_task *t = s->first;

        s->first = t->behind;
        task_free(s, t);
    }
    as_mem_free(s->slots);
    as_mem_free(s->names);
    as_mem_free(s->told);
    as_buf_done(&s->path);
    as_buf_done(&s->other);
    as_buf_done(&s->joined);
}

/* The log chooses the numbers, so where they fall must not be its choice. */
static as_strace_task **slot_of(const as_strace *s, uint32_t tid)
{
    uint64_t hash = as_hash64((as_bytes){(const uint8_t *)&tid, sizeof(tid)}, s->seed);

    return &s->slots[(size_t)hash & (s->n_slots - 1)];
}

static as_strace_task *find(const as_strace *s, uint32_t tid)
{
    as_strace_task *t = *slot_of(s, tid);

    while (t && t->tid != tid)
        t = t->next;
    return t;
}

static void put_slot(as_strace *s, as_strace_task *t)
{
    as_strace_task **at = slot_of(s, t->tid);

    t->next = *at;
    *at = t;
}

static void take_slot(as_strace *s, const as_strace_task *t)
{
    as_strace_task **at = slot_of(s, t->tid);

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

/* Without memory the slots stay as they are: each holds more. */
static void grow_slots(as_strace *s)
{
    as_strace_task **more = as_mem_zero(s->n_slots * 2, sizeof(void *));

    if (!more)
        return;
    as_mem_free(s->slots);
    s->slots = more;
    s->n_slots *= 2;
    for (as_strace_task *t = s->first; t; t = t->behind)
        put_slot(s, t);
}

/* Into the list behind `at`; NULL: at its head. */
static void put_behind(as_strace *s, as_strace_task *t, as_strace_task *at)
{
    t->before = at;
    t->behind = at ? at->behind : s->first;
    *(at ? &at->behind : &s->first) = t;
    *(t->behind ? &t->behind->before : &s->last) = t;
}

static void take_out(as_strace *s, as_strace_task *t)
{
    if (s->last_seen == t)
        s->last_seen = t->before;
    *(t->before ? &t->before->behind : &s->first) = t->behind;
    *(t->behind ? &t->behind->before : &s->last) = t->before;
}

static void link_task(as_strace *s, as_strace_task *t)
{
    if (s->n_tasks >= s->n_slots)
        grow_slots(s);
    put_slot(s, t);
    put_behind(s, t, s->last);
    s->n_tasks++;
    s->n_new++;
}

static void unlink_task(as_strace *s, as_strace_task *t)
{
    take_slot(s, t);
    take_out(s, t);
    if (!--s->n_tasks)
        s->numbered = false; /* what follows may be another run's */
}

static void see(as_strace *s, as_strace_task *t)
{
    if (t->seen)
        return;
    t->seen = true;
    take_out(s, t);
    put_behind(s, t, s->last_seen);
    s->last_seen = t;
}

void as_strace_set_forking(as_strace *s, as_strace_task *t, bool forking)
{
    if (t->forking == forking)
        return;
    t->forking = forking;
    s->n_forking = forking ? s->n_forking + 1 : s->n_forking - 1;
    s->forking ^= t->tid;
}

/* --- processes ---------------------------------------------------------------------------- */

static as_code process_new(as_strace *s, uint32_t pid, as_strace_process **ret, as_err *err)
{
    as_strace_process *p = as_mem_zero(1, sizeof(*p));
    as_code rc;

    if (!p)
        return as_fail_nomem(err, "the processes of a log");
    p->serial = ++s->serial;
    p->pid = pid;
    p->above = AS_NO_FACT;
    p->tasks = 1;
    p->evidence[p->n_evidence++] = s->at;
    rc = as_facts_reserve(s->w->facts, &p->fact);
    if (!rc)
        rc = as_facts_intern(s->w->facts, s->time, &p->first_seen);
    if (rc) {
        process_free(s, p);
        return as_walk_facts_failed(s->w, rc, err);
    }
    *ret = p;
    return AS_OK;
}

static void add_evidence(as_strace_process *p, const as_evidence *e)
{
    for (size_t i = 0; i < p->n_evidence; i++) {
        if (p->evidence[i].begin == e->begin)
            return;
    }
    if (p->n_evidence < AS_COUNT(p->evidence))
        p->evidence[p->n_evidence++] = *e;
}

static as_code put_str(as_strace *s, as_draft *d, as_attr_name name, as_str str, as_err *err)
{
    return as_linux_put(s->w, d, name, as_facts_text(s->w->facts, str), err);
}

static as_code fill_process(as_strace *s, const as_strace_process *p, as_draft *d, as_err *err)
{
    as_code rc = p->pid ? as_linux_put_u64(s->w, d, AS_ATTR_PID, p->pid, err) : AS_OK;

    if (!rc && p->ppid)
        rc = as_linux_put_u64(s->w, d, AS_ATTR_PPID, p->ppid, err);
    if (!rc)
        rc = put_str(s, d, AS_ATTR_NAME, p->name, err);
    if (!rc)
        rc = put_str(s, d, AS_ATTR_PATH, p->path, err);
    if (!rc)
        rc = put_str(s, d, AS_ATTR_COMMAND_LINE, p->command_line, err);
    if (!rc)
        rc = put_str(s, d, AS_ATTR_FIRST_SEEN, p->first_seen, err);
    if (!rc && p->cut) {
        rc = as_draft_text(d, s->w->facts, AS_ATTR_TRUNCATED, AS_FORM_TRUE, AS_LITERAL("true"));
        rc = rc ? as_walk_facts_failed(s->w, rc, err) : AS_OK;
    }
    return rc;
}

/* All that is known of the process by now is its fact. */
static as_code put_process(as_strace *s, as_strace_process *p, as_err *err)
{
    as_draft d;
    as_code rc;

    if (p->put || p->fact == AS_NO_FACT)
        return AS_OK;
    as_draft_init(&d, AS_KIND_PROCESS);
    d.parent = p->above;
    rc = fill_process(s, p, &d, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < p->n_evidence; i++)
        d.evidence[d.n_evidence++] = p->evidence[i];
    p->put = true;
    if (!d.n_attrs) { /* a log of one process without a number: its calls stand by themselves */
        rc = as_linux_put(s->w, &d, AS_ATTR_NAME, AS_LITERAL("?"), err);
        if (rc)
            return rc;
    }
    rc = as_facts_put(s->w->facts, p->fact, &d);
    return rc ? as_walk_facts_failed(s->w, rc, err) : AS_OK;
}

as_strace_file *as_strace_file_of(as_strace *s, as_strace_process *p, uint32_t fd, bool make)
{
    size_t n = p->n_files ? p->n_files : 16;
    as_strace_file *more;

    if (fd < p->n_files)
        return &p->files[fd];
    if (!make || fd >= AS_STRACE_FDS)
        return NULL;
    while (n <= fd)
        n *= 2;
    if (n - p->n_files > AS_STRACE_FILES - s->n_files)
        return NULL;
    more = as_mem_resize(p->files, n * sizeof(*more));
    if (!more)
        return NULL; /* not followed: nothing is told of it */
    memset(more + p->n_files, 0, (n - p->n_files) * sizeof(*more));
    s->n_files += n - p->n_files;
    p->files = more;
    p->n_files = n;
    return &more[fd];
}

/* What a child has of the process that started it. */
static void inherit(as_strace *s, as_strace_process *p, as_strace_process *from)
{
    from->starter = true;
    p->above = from->fact;
    p->ppid = from->pid;
    p->name = from->name; /* until it runs another program, it runs this one */
    for (size_t i = from->n_files; i-- > 0;) {
        const as_strace_file *f = &from->files[i];
        as_strace_file *own =
            f->path || f->protocol ? as_strace_file_of(s, p, (uint32_t)i, true) : NULL;

        if (own)
            *own = (as_strace_file){f->path, f->protocol, f->close_on_exec, false, false};
    }
}

static as_code task_new(as_strace *s, uint32_t tid, as_strace_process *shared, as_strace_task **ret,
                        as_err *err)
{
    as_strace_task *t = as_mem_zero(1, sizeof(*t));
    as_code rc = AS_OK;

    if (!t)
        return as_fail_nomem(err, "the processes of a log");
    t->tid = tid;
    t->used = s->at.last;
    t->born = s->at.last;
    if (shared) {
        t->process = shared;
        shared->tasks++;
    } else {
        rc = process_new(s, tid, &t->process, err);
    }
    if (rc) {
        task_free(s, t);
        return rc;
    }
    link_task(s, t);
    *ret = t;
    return AS_OK;
}

static bool has_flag(const as_strace_task *t, const char *flag)
{
    return as_strace_flag(as_buf_bytes(&t->text), flag);
}

/* A task that nothing is known of: whoever is starting one is taken to have started it. */
static as_code new_task(as_strace *s, uint32_t tid, as_strace_task **ret, as_err *err)
{
    /* of several, nobody knows which */
    as_strace_task *by = s->n_forking == 1 ? find(s, s->forking) : NULL;
    bool thread = by && has_flag(by, "CLONE_THREAD");
    as_code rc = task_new(s, tid, thread ? by->process : NULL, ret, err);

    if (rc || !by)
        return rc;
    by->child = tid;
    as_strace_set_forking(s, by, false);
    if (!thread) {
        inherit(s, (*ret)->process, by->process);
        add_evidence((*ret)->process, &by->at);
    }
    return AS_OK;
}

as_code as_strace_end_task(as_strace *s, as_strace_task *t, as_err *err)
{
    as_code rc = AS_OK;

    if (t->process->tasks == 1)
        rc = put_process(s, t->process, err);
    as_strace_set_forking(s, t, false);
    unlink_task(s, t);
    task_free(s, t);
    return rc;
}

#define LINES_TO_END  4096u /* that may stand between the call to end and the end itself */
#define TASKS_BETWEEN 1024u
#define TASKS_MAX     ((size_t)32768) /* beyond it, those of no line among as many are over */

/*
 * A log of -qq has no line for the end of a process: what asked for it long ago is over. A
 * process that was started and not followed has no lines at all.
 */
static as_code drop_idle(as_strace *s, as_err *err)
{
    bool many = s->n_tasks > TASKS_MAX;
    as_code rc = AS_OK;

    s->n_new = 0;
    for (as_strace_task *t = s->first, *behind; !rc && t; t = behind) {
        uint64_t leaving = t->process->leaving;

        behind = t->behind;
        if ((leaving && s->at.last - leaving > LINES_TO_END) ||
            (many && s->at.last - t->used > TASKS_MAX))
            rc = as_strace_end_task(s, t, err);
    }
    return rc;
}

as_code as_strace_attached(as_strace *s, uint32_t tid, as_err *err)
{
    as_strace_task *t = find(s, tid);
    as_code rc = AS_OK;

    if (!t)
        rc = new_task(s, tid, &t, err);
    if (!rc)
        see(s, t);
    return rc;
}

/* A line without a number is of the only task there is; of several, of the first. */
static as_strace_task *unnumbered(const as_strace *s)
{
    as_strace_task *t = find(s, 0);

    if (!t || !t->seen)
        t = s->first;
    return t && t->seen ? t : NULL;
}

/* The log had one task and no numbers; now it has more, and this is the number of the first. */
static void number(as_strace *s, as_strace_task *t, uint32_t tid)
{
    take_slot(s, t);
    s->forking ^= t->forking ? t->tid ^ tid : 0;
    t->tid = tid;
    if (!t->process->pid)
        t->process->pid = tid;
    put_slot(s, t);
    for (as_strace_task *child = s->first; child; child = child->behind) {
        if (child->process->above == t->process->fact && !child->process->ppid)
            child->process->ppid = tid;
    }
}

as_code as_strace_task_of(as_strace *s, const as_strace_line *l, as_strace_task **ret, as_err *err)
{
    uint64_t tid = 0;
    as_strace_task *t;
    as_code rc = AS_OK;

    if (s->n_new >= TASKS_BETWEEN)
        rc = drop_idle(s, err);
    if (rc)
        return rc;
    if (l->pid.n && (!as_bytes_u64(l->pid, &tid) || tid > UINT32_MAX))
        tid = UINT32_MAX;
    t = l->pid.n ? find(s, (uint32_t)tid) : unnumbered(s);
    if (!t && l->pid.n && !s->numbered) {
        s->numbered = true; /* once: it looks at all tasks */
        t = find(s, 0);
        if (t)
            number(s, t, (uint32_t)tid);
    }
    if (t && t->left && (l->what == AS_STRACE_CALL || l->what == AS_STRACE_UNFINISHED)) {
        rc = as_strace_end_task(s, t, err); /* the number is used again */
        t = NULL;
    }
    if (!rc && !t)
        rc = new_task(s, (uint32_t)tid, &t, err);
    if (rc)
        return rc;
    t->used = s->at.last;
    see(s, t);
    if (l->comm.n && !t->process->has_image && !t->process->put &&
        !as_bytes_is(l->comm, "strace")) {
        rc = as_facts_intern(s->w->facts, l->comm, &t->process->name);
        if (rc)
            return as_walk_facts_failed(s->w, rc, err);
    }
    *ret = t;
    return AS_OK;
}

/* It was taken for a process of its own. */
static void move_into(as_strace *s, as_strace_task *t, as_strace_process *p)
{
    as_strace_process *old = t->process;

    if (old == p || old->put || old->starter || old->tasks > 1)
        return;
    as_facts_drop(s->w->facts, old->fact, p->fact);
    process_free(s, old);
    t->process = p;
    p->tasks++;
}

as_code as_strace_started(as_strace *s, as_strace_task *t, uint32_t tid, bool thread, as_err *err)
{
    as_strace_task *child = find(s, tid);
    as_code rc;

    if (t->child && t->child != tid && find(s, t->child))
        return AS_OK; /* in a PID namespace of its own it has another number */
    if (child && child->process == t->process)
        return AS_OK; /* a thread of it already */
    if (child && t->at.last > child->born && t->at.last != 0 && t->waiting) {
        rc = as_strace_end_task(s, child, err); /* the number is used again */
        if (rc)
            return rc;
        child = NULL;
    }
    if (!child) {
        rc = task_new(s, tid, thread ? t->process : NULL, &child, err);
        if (!rc && !thread)
            inherit(s, child->process, t->process);
        return rc;
    }
    if (t->child == tid) {
        if (!thread)
            add_evidence(child->process, &s->at);
        return AS_OK;
    }
    if (thread)
        move_into(s, child, t->process);
    else if (child->process->above == AS_NO_FACT && !child->process->put &&
             !child->process->starter) {
        t->process->starter = true;
        child->process->above = t->process->fact;
        child->process->ppid = t->process->pid;
        if (!child->process->name)
            child->process->name = t->process->name;
        add_evidence(child->process, &s->at);
    }
    return AS_OK;
}

as_code as_strace_new_image(as_strace *s, as_strace_task *t, as_err *err)
{
    as_strace_process *p = t->process;
    uint32_t before = p->fact;
    as_code rc = AS_OK;

    for (size_t i = 0; i < p->n_files; i++) {
        if (p->files[i].close_on_exec)
            p->files[i] = (as_strace_file){0};
    }
    if (!p->has_image && !p->put) {
        p->has_image = true;
        add_evidence(p, &s->at);
        return AS_OK;
    }
    rc = put_process(s, p, err);
    if (!rc)
        rc = as_facts_reserve(s->w->facts, &p->fact);
    if (rc)
        return as_walk_facts_failed(s->w, rc, err);
    for (size_t i = 0; i < p->n_files; i++)
        p->files[i].read = p->files[i].written = false;
    p->serial = ++s->serial;
    p->put = p->cut = false;
    p->has_image = true;
    p->above = before;
    p->n_evidence = 0;
    p->first_seen = 0;
    add_evidence(p, &s->at);
    rc = as_facts_intern(s->w->facts, s->time, &p->first_seen);
    return rc ? as_walk_facts_failed(s->w, rc, err) : AS_OK;
}

as_code as_strace_end_all(as_strace *s, as_err *err)
{
    as_code rc = AS_OK;

    for (as_strace_task *t = s->first; !rc && t; t = t->behind)
        rc = put_process(s, t->process, err);
    return rc;
}

/* --- portions --------------------------------------------------------------------------- */

/* Each process once: its texts are kept by themselves while the pool is exchanged. */
typedef as_code process_fn(void *ctx, as_strace_process *p, as_err *err);

static as_code each_process(as_strace *s, process_fn *fn, void *ctx, as_err *err)
{
    as_code rc = AS_OK;

    s->visits++;
    for (as_strace_task *t = s->first; !rc && t; t = t->behind) {
        if (t->process->visit == s->visits)
            continue;
        t->process->visit = s->visits;
        rc = fn(ctx, t->process, err);
    }
    return rc;
}

struct saved {
    as_strace *s;
    as_ids known; /* texts that are kept already, and which of them they are */
    as_buf texts; /* one behind the other, each behind its length */
    as_buf again; /* as_str: what they are afterwards */
    uint32_t n_texts;
    uint32_t *facts;
    size_t n;
    bool back;
};

/* Most texts are many processes', and are kept once: *str is meanwhile its number, from 1. */
static as_code keep_text(struct saved *v, as_str *str, as_err *err)
{
    uint32_t number = as_ids_get(&v->known, *str);
    as_bytes text;

    if (!*str)
        return AS_OK;
    if (number == AS_NO_FACT) {
        number = ++v->n_texts;
        text = as_facts_text(v->s->w->facts, *str);
        as_buf_add(&v->texts, (as_bytes){(const uint8_t *)&text.n, sizeof(text.n)});
        as_buf_add(&v->texts, text);
        if (v->texts.failed || as_ids_put(&v->known, *str, number))
            return as_fail_nomem(err, "the processes of a log");
    }
    *str = number;
    return AS_OK;
}

static as_code intern_again(struct saved *v, as_err *err)
{
    for (size_t at = 0, n; at < v->texts.n; at += n) {
        as_str str;
        as_code rc;

        memcpy(&n, v->texts.p + at, sizeof(n));
        at += sizeof(n);
        rc = as_facts_intern(v->s->w->facts, (as_bytes){v->texts.p + at, n}, &str);
        if (rc)
            return as_walk_facts_failed(v->s->w, rc, err);
        as_buf_add(&v->again, (as_bytes){(const uint8_t *)&str, sizeof(str)});
    }
    return v->again.failed ? as_fail_nomem(err, "the processes of a log") : AS_OK;
}

/* To the store or, on the way back, from it. */
static as_code move_text(struct saved *v, as_str *str, as_err *err)
{
    if (!v->back)
        return keep_text(v, str, err);
    if (*str)
        *str = ((const as_str *)(const void *)v->again.p)[*str - 1];
    return AS_OK;
}

static as_code move_process(void *ctx, as_strace_process *p, as_err *err)
{
    struct saved *v = ctx;
    as_code rc = AS_OK;

    if (!v->back)
        rc = put_process(v->s, p, err);
    if (!rc && !v->back) {
        v->facts[v->n++] = p->fact;
        v->facts[v->n++] = p->above;
    } else if (!rc) {
        p->fact = v->facts[v->n++];
        p->above = v->facts[v->n++];
    }
    if (!rc)
        rc = move_text(v, &p->name, err);
    if (!rc)
        rc = move_text(v, &p->path, err);
    if (!rc)
        rc = move_text(v, &p->command_line, err);
    if (!rc)
        rc = move_text(v, &p->first_seen, err);
    for (size_t i = 0; !rc && i < p->n_files; i++) {
        rc = move_text(v, &p->files[i].path, err);
        if (!rc)
            rc = move_text(v, &p->files[i].protocol, err);
    }
    return rc;
}

static as_code count_process(void *ctx, as_strace_process *p, as_err *err)
{
    size_t *n = ctx;

    (void)p;
    (void)err;
    ++*n;
    return AS_OK;
}

#define COUNTED_MAX ((size_t)16384) /* processes whose calls are counted over portions */

as_code as_strace_portion(as_strace *s, as_err *err)
{
    struct saved v = {.s = s};
    size_t n = 0;
    as_code rc = drop_idle(s, err);

    if (!rc)
        rc = each_process(s, count_process, &n, err);
    v.facts = as_mem_get((2 * n + 1) * sizeof(*v.facts));
    if (!rc && !v.facts)
        rc = as_fail_nomem(err, "the processes of a log");
    if (!rc)
        rc = each_process(s, move_process, &v, err);
    if (!rc)
        rc = as_counts_flush(s->w, COUNTED_MAX, err);
    if (!rc)
        rc = as_walk_portion(s->w, v.facts, v.n, err);
    if (!rc)
        rc = intern_again(&v, err);
    v.back = true;
    v.n = 0;
    if (!rc)
        rc = each_process(s, move_process, &v, err);
    as_mem_free(v.facts);
    as_buf_done(&v.texts);
    as_buf_done(&v.again);
    as_ids_done(&v.known);
    return rc;
}

/* --- told already --------------------------------------------------------------------------- */

#define TOLD_MIN  ((size_t)1 << 14)
#define TOLD_MAX  ((size_t)1 << 21) /* beyond it, the oldest are forgotten and may be told again */
#define TOLD_LOOK 8u

static void grow_told(as_strace *s)
{
    size_t size = s->told ? (s->told_mask + 1) * 4 : TOLD_MIN;
    uint64_t *more = size <= TOLD_MAX ? as_mem_zero(size, sizeof(*more)) : NULL;

    if (!more)
        return; /* the table goes on as it is */
    for (size_t i = 0; s->told && i <= s->told_mask; i++) {
        for (size_t k = 0; s->told[i] && k < TOLD_LOOK; k++) {
            uint64_t *at = &more[(s->told[i] + k) & (size - 1)];

            if (!*at || k + 1 == TOLD_LOOK) {
                *at = s->told[i];
                break;
            }
        }
    }
    as_mem_free(s->told);
    s->told = more;
    s->told_mask = size - 1;
}

bool as_strace_first_time(as_strace *s, uint64_t key)
{
    key |= 1;
    key *= 0x9e3779b97f4a7c15u;
    if (!s->told || s->n_told * 2 > s->told_mask)
        grow_told(s);
    if (!s->told)
        return true;
    for (size_t k = 0; k < TOLD_LOOK; k++) {
        uint64_t *at = &s->told[(key + k) & s->told_mask];

        if (*at == key)
            return false;
        if (!*at || k + 1 == TOLD_LOOK) {
            s->n_told += !*at;
            *at = key;
            return true;
        }
    }
    return true;
}
