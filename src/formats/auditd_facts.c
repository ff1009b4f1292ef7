#include "formats/auditd_priv.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/*
 * What an event says. Of a system call the record SYSCALL says who made it and how it
 * ended, others what it was about; each record of another kind is told with all its fields.
 */

#define SLOTS_MIN ((size_t)1024)
#define CARRY_MAX ((size_t)16384) /* processes that the next portion knows, the newest */

/* The event in hand. */
struct event {
    as_audit *a;
    const as_audit_record *call; /* SYSCALL, or NULL */
    as_bytes api;
    const as_linux_call *known;
    uint32_t process;
    bool failed;
    char numbered[24]; /* a name for what is known by its number alone */
};

static as_bytes field(const as_audit_record *r, const char *key)
{
    return as_audit_field(r->l.fields, r->l.told, key);
}

/* What the field says, good until the next is asked for. */
static as_bytes text_of(as_audit *a, const as_audit_record *r, const char *key, as_buf *out)
{
    as_bytes value = field(r, key);

    (void)a;
    as_buf_reset(out);
    if (value.n)
        as_audit_text(as_bytes_of(key), value, r->l.told, out);
    return as_buf_bytes(out);
}

static const as_audit_record *record_of(const as_audit *a, const char *type)
{
    for (size_t i = 0; i < a->n; i++) {
        if (as_bytes_is(a->records[i].l.type, type))
            return &a->records[i];
    }
    return NULL;
}

/* --- drafts ----------------------------------------------------------------------------- */

static void add_evidence(as_draft *d, const as_audit_record *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < d->n_evidence; i++) {
        if (d->evidence[i].begin == r->at.begin)
            return;
    }
    if (d->n_evidence < AS_DRAFT_EVIDENCE)
        d->evidence[d->n_evidence++] = r->at;
}

static as_draft draft_of(as_kind kind, uint32_t parent, const as_audit_record *r)
{
    as_draft d;

    as_draft_init(&d, kind);
    d.parent = parent;
    add_evidence(&d, r);
    return d;
}

static as_code put_text(as_audit *a, as_draft *d, as_attr_name name, const as_audit_record *r,
                        const char *key, as_err *err)
{
    return as_linux_put(a->w, d, name, text_of(a, r, key, &a->text), err);
}

static as_code add(as_audit *a, const as_draft *d, uint32_t *ret, as_err *err)
{
    as_code rc;

    if (a->text.failed || a->other.failed || a->flags.failed)
        return as_fail_nomem(err, "an audit event");
    rc = as_facts_add(a->w->facts, d, ret);
    return rc ? as_walk_facts_failed(a->w, rc, err) : AS_OK;
}

/* Room that is left for what comes late. */
#define LATE_ATTRS 5u

static bool has_attr(const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return true;
    }
    return false;
}

static bool is_full(const as_draft *d)
{
    return d->n_attrs + 2 + LATE_ATTRS > AS_DRAFT_ATTRS;
}

/* No record that the kernel or auditd writes has so many fields. */
static as_code note_cut(as_audit *a, as_draft *d, as_err *err)
{
    as_code rc;

    if (has_attr(d, AS_ATTR_TRUNCATED))
        return AS_OK;
    rc = as_draft_text(d, a->w->facts, AS_ATTR_TRUNCATED, AS_FORM_TRUE, AS_LITERAL("true"));
    return rc ? as_walk_facts_failed(a->w, rc, err) : AS_OK;
}

static as_code put_field(as_audit *a, as_draft *d, as_bytes key, as_bytes value, bool told,
                         as_err *err)
{
    as_code rc;

    if (is_full(d))
        return note_cut(a, d, err);
    as_buf_reset(&a->text);
    as_audit_text(key, value, told, &a->text);
    if (!as_buf_bytes(&a->text).n)
        return AS_OK;
    rc = as_linux_put(a->w, d, AS_ATTR_FIELD, key, err);
    return rc ? rc : as_linux_put(a->w, d, AS_ATTR_FIELD_VALUE, as_buf_bytes(&a->text), err);
}

/* --- who ------------------------------------------------------------------------------------ */

static size_t slot_of(const as_audit_actor *actors, size_t n_slots, uint64_t key)
{
    size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 24) & (n_slots - 1);

    while (actors[i].key && actors[i].key != key)
        i = (i + 1) & (n_slots - 1);
    return i;
}

static as_code actors_room(as_audit *a, as_err *err)
{
    size_t n = a->n_slots ? a->n_slots * 2 : SLOTS_MIN;
    as_audit_actor *more;

    if (a->n_actors < a->n_slots / 2)
        return AS_OK;
    more = as_mem_zero(n, sizeof(*more));
    if (!more)
        return as_fail_nomem(err, "the processes of an audit log");
    for (size_t i = 0; i < a->n_slots; i++) {
        if (a->actors[i].key)
            more[slot_of(more, n, a->actors[i].key)] = a->actors[i];
    }
    as_mem_free(a->actors);
    a->actors = more;
    a->n_slots = n;
    return AS_OK;
}

/* Of two machines in one log each has its own numbers. */
static uint64_t actor_key(const as_audit *a, const as_audit_record *r, as_bytes pid)
{
    return as_hash64(pid, as_hash64(r->l.node, a->seed)) | 1;
}

static as_audit_actor *find_actor(as_audit *a, uint64_t key)
{
    as_audit_actor *found = a->n_slots ? &a->actors[slot_of(a->actors, a->n_slots, key)] : NULL;

    return found && found->key ? found : NULL;
}

static as_code put_actor(as_audit *a, uint64_t key, uint64_t exe, uint32_t fact, as_err *err)
{
    as_code rc = actors_room(a, err);
    as_audit_actor *at;

    if (rc)
        return rc;
    at = &a->actors[slot_of(a->actors, a->n_slots, key)];
    a->n_actors += !at->key;
    *at = (as_audit_actor){key, exe, fact};
    return AS_OK;
}

/* EXECVE: a0="ls" a1=2D6C, long ones in parts a1[0]=.. a1[1]=..; more records if many. */
static bool is_word(as_bytes key)
{
    size_t n = 1;

    if (key.n < 2 || key.p[0] != 'a')
        return false;
    while (n < key.n && key.p[n] >= '0' && key.p[n] <= '9')
        n++;
    return n > 1 && (n == key.n || key.p[n] == '[');
}

/* Words with NUL between them; the next part of a long one stands behind the one before. */
static void add_word(as_bytes key, as_bytes value, bool told, as_buf *out)
{
    bool part = key.p[key.n - 1] == ']' && !(key.p[key.n - 2] == '0' && key.p[key.n - 3] == '[');

    if (out->n && !part)
        as_buf_byte(out, '\0');
    as_audit_text(key, value, told, out);
}

/* A word with blanks in it is told in quotes. */
static void join_words(as_bytes words, as_buf *out)
{
    as_buf_reset(out);
    for (size_t n; words.p; words = (as_bytes){words.p + n + 1, words.n - n - 1}) {
        const uint8_t *end = words.n ? memchr(words.p, '\0', words.n) : NULL;
        bool plain;

        n = end ? (size_t)(end - words.p) : words.n;
        plain = n > 0;
        for (size_t i = 0; i < n && plain; i++)
            plain = words.p[i] > ' ' && words.p[i] != '"';
        as_buf_text(out, out->n ? " " : "");
        as_buf_text(out, plain ? "" : "\"");
        for (size_t i = 0; i < n; i++) {
            if (words.p[i] == '"')
                as_buf_byte(out, '\\');
            as_buf_byte(out, words.p[i]);
        }
        as_buf_text(out, plain ? "" : "\"");
        if (!end)
            break;
    }
}

static as_bytes command_line(as_audit *a, as_draft *d, as_buf *out)
{
    const as_audit_record *title = record_of(a, "PROCTITLE");
    bool any = false;

    as_buf_reset(&a->text);
    for (size_t i = 0; i < a->n; i++) {
        const as_audit_record *r = &a->records[i];
        as_bytes fields = r->l.fields, key, value;

        if (!as_bytes_is(r->l.type, "EXECVE"))
            continue;
        add_evidence(d, r);
        while (as_audit_next(&fields, r->l.told, &key, &value)) {
            if (!is_word(key))
                continue;
            add_word(key, value, r->l.told, &a->text);
            any = true;
        }
    }
    if (!any && title) {
        add_evidence(d, title);
        return text_of(a, title, "proctitle", out);
    }
    as_buf_reset(out);
    if (any)
        join_words(as_buf_bytes(&a->text), out);
    return as_buf_bytes(out);
}

/* Fields of SYSCALL that attributes stand for, or that are registers. */
static bool is_frame(as_bytes key)
{
    static const char *const keys[] = {"arch", "syscall", "success", "exit", "items",
                                       "ppid", "pid",     "comm",    "exe",  "key"};

    if (key.n == 2 && key.p[0] == 'a' && key.p[1] >= '0' && key.p[1] <= '9')
        return true;
    for (size_t i = 0; i < AS_COUNT(keys); i++) {
        if (as_bytes_is(key, keys[i]))
            return true;
    }
    return (key.p[0] >= 'A' && key.p[0] <= 'Z'); /* of an enriched record: names of the others */
}

static as_code put_frame(as_audit *a, as_draft *d, const as_audit_record *r, as_err *err)
{
    as_bytes fields = r->l.fields, key, value, uid = field(r, "UID");
    const as_audit_record *cwd = record_of(a, "CWD");
    as_code rc = as_linux_put(a->w, d, AS_ATTR_TIME, r->l.time, err);

    if (!uid.n)
        uid = field(r, "uid");
    as_buf_reset(&a->text);
    as_audit_text(AS_LITERAL("UID"), uid, false, &a->text);
    if (!rc)
        rc = as_linux_put(a->w, d, AS_ATTR_USER, as_buf_bytes(&a->text), err);
    if (!rc)
        rc = put_text(a, d, AS_ATTR_TAG, r, "key", err);
    if (!rc && r->l.node.n)
        rc = as_linux_put(a->w, d, AS_ATTR_COMPUTER, r->l.node, err);
    while (!rc && as_audit_next(&fields, r->l.told, &key, &value)) {
        if (!is_frame(key))
            rc = put_field(a, d, key, value, r->l.told, err);
    }
    if (!rc && cwd) {
        add_evidence(d, cwd);
        rc = put_field(a, d, AS_LITERAL("cwd"), field(cwd, "cwd"), cwd->l.told, err);
    }
    return rc;
}

/* The program's name: of its path, else as the kernel calls the process. */
static as_code put_name(as_audit *a, as_draft *d, const as_audit_record *r, as_err *err)
{
    as_bytes path = text_of(a, r, "exe", &a->other);
    as_code rc = AS_OK;

    if (path.n)
        rc = as_linux_put(a->w, d, AS_ATTR_NAME, as_linux_base_name(path), err);
    else
        rc = put_text(a, d, AS_ATTR_NAME, r, "comm", err);
    if (!rc)
        rc = as_linux_put(a->w, d, AS_ATTR_PATH, path, err);
    return rc;
}

static as_code add_process(struct event *e, const as_audit_record *r, bool starts, uint64_t key,
                           uint64_t exe, as_err *err)
{
    as_audit *a = e->a;
    as_bytes ppid = field(r, "ppid");
    const as_audit_actor *above = ppid.n ? find_actor(a, actor_key(a, r, ppid)) : NULL;
    as_draft d = draft_of(AS_KIND_PROCESS, above ? above->fact : AS_NO_FACT, r);
    uint32_t fact = AS_NO_FACT;
    as_code rc = as_linux_put(a->w, &d, AS_ATTR_PID, field(r, "pid"), err);

    if (!rc)
        rc = as_linux_put(a->w, &d, AS_ATTR_PPID, ppid, err);
    if (!rc)
        rc = put_name(a, &d, r, err);
    if (!rc)
        rc = as_linux_put(a->w, &d, AS_ATTR_COMMAND_LINE, command_line(a, &d, &a->other), err);
    if (!rc && starts)
        rc = put_frame(a, &d, r, err);
    for (size_t i = 0; i < d.n_attrs; i++) {
        if (d.attrs[i].name == AS_ATTR_TIME)
            d.attrs[i].name = AS_ATTR_FIRST_SEEN;
    }
    if (!rc)
        rc = add(a, &d, &fact, err);
    if (!rc)
        rc = put_actor(a, key, exe, fact, err);
    e->process = fact;
    return rc;
}

/*
 * The process that the record names. One whose program is another than before is another:
 * its number was used again, or its start was not audited.
 */
static as_code find_process(struct event *e, const as_audit_record *r, bool starts, as_err *err)
{
    as_audit *a = e->a;
    as_bytes pid = field(r, "pid");
    uint64_t key = actor_key(a, r, pid), exe;
    const as_audit_actor *known;

    e->process = AS_NO_FACT;
    if (!pid.n)
        return AS_OK;
    exe = as_hash64(text_of(a, r, "exe", &a->text), a->seed);
    known = find_actor(a, key);
    if (known && !starts && (known->exe == exe || !field(r, "exe").n)) {
        e->process = known->fact;
        return AS_OK;
    }
    if (!starts && !field(r, "comm").n && !field(r, "exe").n)
        return AS_OK;
    return add_process(e, r, starts, key, exe, err);
}

/* --- the call ----------------------------------------------------------------------------- */

static bool hex_number(as_bytes text, uint64_t *ret)
{
    size_t i = text.n > 2 && text.p[0] == '0' && text.p[1] == 'x' ? 2 : 0;

    *ret = 0;
    if (i == text.n || text.n - i > 16)
        return false;
    for (; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c >= '0' && c <= '9')
            *ret = *ret << 4 | (c - (unsigned)'0');
        else if (c >= 'a' && c <= 'f')
            *ret = *ret << 4 | (c - 'a' + 10u);
        else
            return false;
    }
    return true;
}

/* The call's name: the record has it, or its number and the machine's table. */
static void name_call(struct event *e)
{
    as_bytes named = field(e->call, "SYSCALL"), number = field(e->call, "syscall");
    uint64_t arch, n;
    const char *name = NULL;

    e->api = named.n ? named : number;
    if (!named.n && as_bytes_u64(number, &n) && n <= UINT32_MAX) {
        if (hex_number(field(e->call, "arch"), &arch))
            name = as_linux_name_of((uint32_t)arch, (uint32_t)n);
        if (!name) { /* as strace has it */
            (void)snprintf(e->numbered, sizeof(e->numbered), "syscall_%u", (unsigned)n);
            name = e->numbered;
        }
        e->api = as_bytes_of(name);
    }
    e->known = as_linux_call_of(e->api);
    e->failed = as_bytes_is(field(e->call, "success"), "no");
}

/* "EACCES": -i writes it, the raw record has -13. */
static as_bytes error_of(const struct event *e)
{
    as_bytes value = field(e->call, "exit");
    const char *name;
    uint64_t n;
    size_t k = 0;

    if (!e->failed || !value.n)
        return (as_bytes){0};
    if (value.p[0] != '-') {
        while (k < value.n && value.p[k] != '(')
            k++;
        return (as_bytes){value.p, k};
    }
    name = as_bytes_u64((as_bytes){value.p + 1, value.n - 1}, &n) && n <= UINT32_MAX
               ? as_linux_errno_name((uint32_t)n)
               : NULL;
    return name ? as_bytes_of(name) : value;
}

static as_code count_call(struct event *e, as_err *err)
{
    static const char *const names[] = {"a0", "a1", "a2", "a3"};
    as_call *c = &e->a->call;
    as_walk *w = e->a->w;
    as_code rc = AS_OK;

    *c = (as_call){.process = e->process, .index = w->analysis->calls++};
    c->api = e->api;
    c->category = as_bytes_of(e->known ? e->known->category : "");
    c->time = e->call->l.time;
    c->status = field(e->call, "success");
    c->ret = field(e->call, "exit");
    c->pretty_ret = error_of(e);
    c->failed = e->failed;
    c->begin = e->call->at.begin;
    c->end = e->call->at.end;
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        c->args[i].name = as_bytes_of(names[i]);
        c->args[i].value = field(e->call, names[i]);
    }
    c->n_args = AS_COUNT(names);
    if (w->options->on_call)
        rc = w->options->on_call(w->options->call_ctx, c, err);
    return rc ? rc : as_counts_add(w, c, &e->call->at, err);
}

/* --- what it was about ---------------------------------------------------------------------- */

static as_code finish(struct event *e, as_draft *d, as_err *err)
{
    as_audit *a = e->a;
    as_code rc = as_linux_put(a->w, d, AS_ATTR_ERROR, error_of(e), err);

    if (!rc)
        rc = put_text(a, d, AS_ATTR_TAG, e->call, "key", err);
    if (!rc)
        rc = as_linux_put(a->w, d, AS_ATTR_TIME, e->call->l.time, err);
    if (!rc && e->call->l.node.n)
        rc = as_linux_put(a->w, d, AS_ATTR_COMPUTER, e->call->l.node, err);
    return rc ? rc : add(a, d, NULL, err);
}

/* The name in a PATH record, below the working directory where it begins with none. */
static as_bytes path_of(as_audit *a, const as_audit_record *r, as_draft *d, as_buf *out)
{
    const as_audit_record *cwd = record_of(a, "CWD");
    as_bytes name = text_of(a, r, "name", &a->text);

    as_buf_reset(out);
    if (name.n && name.p[0] != '/' && cwd) {
        as_audit_text(AS_LITERAL("cwd"), field(cwd, "cwd"), cwd->l.told, out);
        if (name.n >= 2 && name.p[0] == '.' && name.p[1] == '/')
            name = (as_bytes){name.p + 2, name.n - 2};
        if (out->n && out->p[out->n - 1] != '/')
            as_buf_byte(out, '/');
        add_evidence(d, cwd);
    }
    as_buf_add(out, name);
    return as_buf_bytes(out);
}

/* The n-th PATH record of that type; NULL as the type: of any but the directories above. */
static const as_audit_record *path_record(const as_audit *a, const char *type, size_t n)
{
    for (size_t i = 0; i < a->n; i++) {
        as_bytes kind;

        if (!as_bytes_is(a->records[i].l.type, "PATH"))
            continue;
        kind = field(&a->records[i], "nametype");
        if (type ? as_bytes_is(kind, type) : !as_bytes_is(kind, "PARENT")) {
            if (!n--)
                return &a->records[i];
        }
    }
    return NULL;
}

#define BIT_WRITES 3u
#define BIT_TRUNC  01000u

/* The flags of open, of x86 and AArch64 alike, by their names; what is left as a number. */
static as_bytes flag_names(uint64_t bits, as_buf *out)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } flags[] = {{0100, "|O_CREAT"},      {0200, "|O_EXCL"},    {0400, "|O_NOCTTY"},
                 {01000, "|O_TRUNC"},     {02000, "|O_APPEND"}, {04000, "|O_NONBLOCK"},
                 {02000000, "|O_CLOEXEC"}};
    unsigned mode = bits & BIT_WRITES;

    as_buf_reset(out);
    as_buf_text(out, mode == 0 ? "O_RDONLY" : mode == 1 ? "O_WRONLY" : "O_RDWR");
    bits &= ~(uint64_t)BIT_WRITES;
    for (size_t i = 0; i < AS_COUNT(flags); i++) {
        if (bits & flags[i].bit)
            as_buf_text(out, flags[i].name);
        bits &= ~(uint64_t)flags[i].bit;
    }
    if (bits)
        as_buf_printf(out, "|0x%llx", (unsigned long long)bits);
    return as_buf_bytes(out);
}

static as_code tell_path(struct event *e, as_kind kind, const as_audit_record *r, as_bytes access,
                         as_err *err)
{
    as_draft d = draft_of(kind, e->process, e->call);
    as_code rc;

    add_evidence(&d, r);
    rc = as_linux_put(e->a->w, &d, AS_ATTR_PATH, path_of(e->a, r, &d, &e->a->other), err);
    if (!rc && access.n)
        rc = as_linux_put(e->a->w, &d, AS_ATTR_ACCESS, access, err);
    if (!rc && !d.n_attrs)
        return AS_OK;
    return rc ? rc : finish(e, &d, err);
}

static bool has_word(as_bytes text, const char *word)
{
    return text.n && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

/* What was opened and how: a2 of openat, a1 of open, in hexadecimal or as words. */
static as_code tell_open(struct event *e, as_err *err)
{
    const as_audit_record *r = path_record(e->a, "CREATE", 0);
    bool created = r && !e->failed, creat = e->known->role == AS_LINUX_CREAT;
    as_bytes flags =
        creat ? (as_bytes){0} : field(e->call, e->known->role == AS_LINUX_OPENAT ? "a2" : "a1");
    uint64_t bits = 0;
    bool writes, cuts;

    if (as_bytes_is(e->api, "openat2"))
        flags = (as_bytes){0}; /* the register points at them */
    if (!r)
        r = path_record(e->a, NULL, 0);
    if (!r)
        r = path_record(e->a, "PARENT", 0);
    if (!r)
        return AS_OK;
    if (!hex_number(flags, &bits))
        bits = 0;
    else if (!e->call->l.told)
        flags = flag_names(bits, &e->a->flags);
    writes =
        creat || (bits & BIT_WRITES) || has_word(flags, "O_WRONLY") || has_word(flags, "O_RDWR");
    cuts = creat || (bits & BIT_TRUNC) || has_word(flags, "O_TRUNC");
    if (e->failed)
        return tell_path(e, AS_KIND_FILE_FAILED, r, flags, err);
    if (created)
        return tell_path(e, AS_KIND_FILE_CREATED, r, flags, err);
    return tell_path(e, writes && cuts ? AS_KIND_FILE_WRITTEN : AS_KIND_FILE_OPENED, r, flags, err);
}

static as_code tell_move(struct event *e, const as_audit_record *from, const as_audit_record *to,
                         as_err *err)
{
    bool moves = e->known->role == AS_LINUX_MOVE || e->known->role == AS_LINUX_MOVEAT;
    as_draft d = draft_of(moves ? AS_KIND_FILE_MOVED : AS_KIND_SYSCALL, e->process, e->call);
    as_code rc = AS_OK;

    add_evidence(&d, from);
    add_evidence(&d, to);
    if (!moves)
        rc = as_linux_put(e->a->w, &d, AS_ATTR_API, e->api, err);
    if (!rc)
        rc = as_linux_put(e->a->w, &d, AS_ATTR_FROM, path_of(e->a, from, &d, &e->a->other), err);
    if (!rc)
        rc = as_linux_put(e->a->w, &d, AS_ATTR_TO, path_of(e->a, to, &d, &e->a->other), err);
    return rc ? rc : finish(e, &d, err);
}

static as_code tell_address(struct event *e, const as_audit_record *r, as_err *err)
{
    as_audit *a = e->a;
    bool there = e->known->role == AS_LINUX_CONNECT || e->known->role == AS_LINUX_SEND;
    bool traffic =
        !e->failed && (e->known->role == AS_LINUX_ACCEPT || e->known->role == AS_LINUX_SEND);
    as_bytes saddr = field(r, "saddr"), told = field(r, "SADDR");
    as_audit_address at;
    as_draft d;
    as_code rc;

    if (!as_audit_address_of(told.n ? told : saddr, r->l.told || told.n, &a->other, &at))
        return AS_OK;
    d = draft_of(traffic && at.ip_n ? AS_KIND_CONNECTION : AS_KIND_SOCKET_CALL, e->process,
                 e->call);
    add_evidence(&d, r);
    rc = as_linux_put(a->w, &d, AS_ATTR_OPERATION, e->api, err);
    if (!rc)
        rc = as_linux_put(a->w, &d, there ? AS_ATTR_DST : AS_ATTR_SRC, (as_bytes){at.ip, at.ip_n},
                          err);
    if (!rc && at.has_port)
        rc = as_linux_put_u64(a->w, &d, there ? AS_ATTR_DPORT : AS_ATTR_SPORT, at.port, err);
    if (!rc)
        rc = as_linux_put(a->w, &d, AS_ATTR_PATH, at.path, err);
    return rc ? rc : finish(e, &d, err);
}

/* The call as it stands: its registers, the file, the process or the module it was about. */
static as_code tell_plain(struct event *e, as_err *err)
{
    as_audit *a = e->a;
    as_draft d = draft_of(AS_KIND_SYSCALL, e->process, e->call);
    const as_audit_record *path = path_record(a, NULL, 0), *target = record_of(a, "OBJ_PID");
    const as_audit_record *module = record_of(a, "KERN_MODULE");
    as_code rc = as_linux_put(a->w, &d, AS_ATTR_API, e->api, err);

    if (!rc && path) {
        add_evidence(&d, path);
        rc = as_linux_put(a->w, &d, AS_ATTR_PATH, path_of(a, path, &d, &a->other), err);
    }
    if (!rc && target) {
        add_evidence(&d, target);
        rc = as_linux_put(a->w, &d, AS_ATTR_TARGET_PID, field(target, "opid"), err);
    }
    if (!rc && target)
        rc = put_text(a, &d, AS_ATTR_TARGET_PROCESS, target, "ocomm", err);
    if (!rc && module) {
        add_evidence(&d, module);
        rc = put_text(a, &d, AS_ATTR_VALUE, module, "name", err);
    } else if (!rc) {
        const char *last = field(e->call, "a3").n ? "a3" : "a0";
        as_bytes first = field(e->call, "a0"), end = field(e->call, last);

        if (first.n && end.n && first.p >= e->call->l.fields.p + 3 && end.p >= first.p)
            rc = as_linux_put(a->w, &d, AS_ATTR_VALUE,
                              (as_bytes){first.p - 3, (size_t)(end.p + end.n - first.p) + 3}, err);
    }
    return rc ? rc : finish(e, &d, err);
}

static as_code tell_path_or_plain(struct event *e, as_kind kind, const char *type, as_err *err)
{
    const as_audit_record *r = path_record(e->a, type, 0);

    if (e->failed || !r)
        return tell_plain(e, err);
    return tell_path(e, kind, r, (as_bytes){0}, err);
}

static as_code tell_call(struct event *e, as_err *err)
{
    const as_audit_record *from = path_record(e->a, "DELETE", 0);
    const as_audit_record *to = path_record(e->a, "CREATE", 0),
                          *saddr = record_of(e->a, "SOCKADDR");

    switch (e->known ? (as_linux_role)e->known->role : AS_LINUX_COUNTED) {
    case AS_LINUX_EXEC:
    case AS_LINUX_EXECAT:
        return e->failed ? tell_plain(e, err) : AS_OK; /* the process itself */
    case AS_LINUX_OPEN:
    case AS_LINUX_OPENAT:
    case AS_LINUX_CREAT:
        return tell_open(e, err);
    case AS_LINUX_STAT:
    case AS_LINUX_STATAT:
        from = path_record(e->a, NULL, 0);
        return from ? tell_path(e, AS_KIND_FILE_EXISTS, from, (as_bytes){0}, err) : AS_OK;
    case AS_LINUX_DELETE:
    case AS_LINUX_DELETEAT:
        return tell_path_or_plain(e, AS_KIND_FILE_DELETED, "DELETE", err);
    case AS_LINUX_RMDIR:
        return tell_path_or_plain(e, AS_KIND_DIR_REMOVED, "DELETE", err);
    case AS_LINUX_MKDIR:
    case AS_LINUX_MKDIRAT:
        return tell_path_or_plain(e, AS_KIND_DIR_CREATED, "CREATE", err);
    case AS_LINUX_TRUNCATE:
        return tell_path_or_plain(e, AS_KIND_FILE_WRITTEN, NULL, err);
    case AS_LINUX_LINK:
    case AS_LINUX_LINKAT:
    case AS_LINUX_SYMLINKAT:
        from = path_record(e->a, "NORMAL", 0);
        if (!from)
            from = path_record(e->a, "UNKNOWN", 0); /* where a symbolic link leads */
        return from && to && !e->failed ? tell_move(e, from, to, err) : tell_plain(e, err);
    case AS_LINUX_MOVE:
    case AS_LINUX_MOVEAT:
        return from && to && !e->failed ? tell_move(e, from, to, err) : tell_plain(e, err);
    case AS_LINUX_CONNECT:
    case AS_LINUX_BIND:
    case AS_LINUX_ACCEPT:
    case AS_LINUX_SEND:
        return saddr ? tell_address(e, saddr, err) : tell_plain(e, err);
    default:
        return tell_plain(e, err);
    }
}

/* --- all other records ------------------------------------------------------------------------ */

/* Told with the call that they are of. */
static bool is_part(as_bytes type)
{
    static const char *const parts[] = {"SYSCALL", "EXECVE",  "CWD",      "PATH",       "PROCTITLE",
                                        "EOE",     "OBJ_PID", "SOCKADDR", "KERN_MODULE"};

    for (size_t i = 0; i < AS_COUNT(parts); i++) {
        if (as_bytes_is(type, parts[i]))
            return true;
    }
    return false;
}

static const struct {
    const char *key;
    uint16_t attr;
} meanings[] = {
    {"acct", AS_ATTR_USER},         {"op", AS_ATTR_OPERATION}, {"exe", AS_ATTR_PROCESS_PATH},
    {"comm", AS_ATTR_PROCESS_NAME}, {"addr", AS_ATTR_SRC},     {"hostname", AS_ATTR_HOSTNAME},
    {"res", AS_ATTR_RESULT},        {"unit", AS_ATTR_SERVICE}, {"cmd", AS_ATTR_COMMAND},
    {"key", AS_ATTR_TAG},           {"pid", AS_ATTR_PID},      {"ppid", AS_ATTR_PPID},
    {"path", AS_ATTR_PATH},         {"name", AS_ATTR_NAME},    {"sig", AS_ATTR_CODE},
    {"ver", AS_ATTR_VERSION},
};

static as_attr_name meaning_of(as_bytes key)
{
    for (size_t i = 0; i < AS_COUNT(meanings); i++) {
        if (as_bytes_is(key, meanings[i].key))
            return (as_attr_name)meanings[i].attr;
    }
    return AS_NO_ATTR;
}

static bool is_absent(as_bytes value)
{
    static const char *const none[] = {"?", "(none)", "(null)", "\"\"", "(unknown)", "\"?\""};

    for (size_t i = 0; i < AS_COUNT(none); i++) {
        if (as_bytes_is(value, none[i]))
            return true;
    }
    return !value.n;
}

/* msg='op=PAM:.. acct="root" ..' is the tool's own list of fields within the record. */
static as_code put_fields(as_audit *a, as_draft *d, as_bytes fields, bool told, unsigned depth,
                          as_err *err)
{
    as_bytes key, value;
    as_code rc = AS_OK;

    /* There texts have blanks in them and no quotes. */
    while (!rc && as_audit_next(&fields, told || depth, &key, &value)) {
        as_attr_name attr = meaning_of(key);

        if (depth == 0 && as_bytes_is(key, "msg") && value.n >= 2 && value.p[0] == '\'') {
            size_t n = value.p[value.n - 1] == '\'' ? value.n - 2 : value.n - 1;

            rc = put_fields(a, d, (as_bytes){value.p + 1, n}, told, 1, err);
            continue;
        }
        if (is_absent(value))
            continue;
        if (attr == AS_NO_ATTR || has_attr(d, attr) || is_full(d)) {
            rc = put_field(a, d, key, value, told, err);
            continue;
        }
        as_buf_reset(&a->text);
        as_audit_text(key, value, told, &a->text);
        rc = as_linux_put(a->w, d, attr, as_buf_bytes(&a->text), err);
    }
    return rc;
}

/* What stands before the first field: "avc:  denied  { read } for". */
static as_bytes words_before(as_bytes fields)
{
    as_bytes rest = fields, key, value;
    size_t n = fields.n;

    if (as_audit_next(&rest, false, &key, &value))
        n = (size_t)(key.p - fields.p);
    while (n && fields.p[n - 1] == ' ')
        n--;
    return (as_bytes){fields.p, n};
}

static bool succeeded(as_bytes result)
{
    return as_bytes_is(result, "success") || as_bytes_is(result, "1") || as_bytes_is(result, "yes");
}

static as_bytes draft_text(const as_audit *a, const as_draft *d, as_attr_name name)
{
    for (size_t i = 0; i < d->n_attrs; i++) {
        if (d->attrs[i].name == name)
            return as_facts_text(a->w->facts, d->attrs[i].str);
    }
    return (as_bytes){0};
}

/* Of a logon or a service the record's type is a field like others. */
static as_code refine(as_audit *a, as_draft *d, as_bytes type, as_err *err)
{
    bool good = succeeded(draft_text(a, d, AS_ATTR_RESULT));

    if (as_bytes_is(type, "USER_LOGIN") && has_attr(d, AS_ATTR_USER))
        d->kind = good ? AS_KIND_LOGON : AS_KIND_LOGON_FAILED;
    else if (as_bytes_is(type, "SERVICE_START") && good && has_attr(d, AS_ATTR_SERVICE))
        d->kind = AS_KIND_SERVICE_STARTED;
    if (d->kind == AS_KIND_AUDIT_EVENT)
        return as_linux_put(a->w, d, AS_ATTR_TYPE, type, err);
    return put_field(a, d, AS_LITERAL("type"), type, true, err);
}

static as_code tell_record(struct event *e, const as_audit_record *r, as_err *err)
{
    as_audit *a = e->a;
    as_draft d;
    as_code rc = AS_OK;

    if (!e->call)
        rc = find_process(e, r, false, err);
    if (rc)
        return rc;
    d = draft_of(AS_KIND_AUDIT_EVENT, e->process, r);
    rc = as_linux_put(a->w, &d, AS_ATTR_TEXT, words_before(r->l.fields), err);
    if (!rc)
        rc = put_fields(a, &d, r->l.fields, r->l.told, 0, err);
    if (!rc && r->l.node.n)
        rc = as_linux_put(a->w, &d, AS_ATTR_COMPUTER, r->l.node, err);
    if (!rc)
        rc = as_linux_put(a->w, &d, AS_ATTR_TIME, r->l.time, err);
    if (!rc)
        rc = refine(a, &d, r->l.type, err);
    if (rc)
        return rc;
    if (as_bytes_is(r->l.type, "DAEMON_START") && !a->w->analysis->tool_version) {
        rc = as_facts_intern(a->w->facts, draft_text(a, &d, AS_ATTR_VERSION),
                             &a->w->analysis->tool_version);
        if (rc)
            return as_walk_facts_failed(a->w, rc, err);
    }
    return add(a, &d, NULL, err);
}

as_code as_audit_tell(as_audit *a, as_err *err)
{
    struct event e = {.a = a, .call = record_of(a, "SYSCALL"), .process = AS_NO_FACT};
    bool starts;
    as_code rc = AS_OK;

    if (e.call && !field(e.call, "syscall").n)
        e.call = NULL; /* cut off: a record like others */
    if (e.call) {
        name_call(&e);
        starts = e.known && !e.failed &&
                 (e.known->role == AS_LINUX_EXEC || e.known->role == AS_LINUX_EXECAT);
        rc = find_process(&e, e.call, starts, err);
        if (!rc)
            rc = count_call(&e, err);
        if (!rc)
            rc = tell_call(&e, err);
    }
    for (size_t i = 0; !rc && i < a->n; i++) {
        if (!e.call || !is_part(a->records[i].l.type)) {
            if (!as_bytes_is(a->records[i].l.type, "EOE"))
                rc = tell_record(&e, &a->records[i], err);
        }
    }
    return rc;
}

/* --- portions --------------------------------------------------------------------------------- */

static int newest_first(const void *a, const void *b)
{
    const as_audit_actor *x = a, *y = b;

    return x->fact > y->fact ? -1 : x->fact < y->fact;
}

static as_code exchange(as_audit *a, as_audit_actor *alive, uint32_t *facts, as_err *err)
{
    size_t n = 0;
    as_code rc;

    for (size_t i = 0; i < a->n_slots; i++) {
        if (a->actors[i].key && a->actors[i].fact != AS_NO_FACT)
            alive[n++] = a->actors[i];
    }
    qsort(alive, n, sizeof(*alive), newest_first);
    n = n < CARRY_MAX ? n : CARRY_MAX;
    for (size_t i = 0; i < n; i++)
        facts[i] = alive[i].fact;
    rc = as_counts_flush(a->w, CARRY_MAX, err);
    if (!rc)
        rc = as_walk_portion(a->w, facts, n, err);
    if (a->actors)
        memset(a->actors, 0, a->n_slots * sizeof(*a->actors));
    a->n_actors = 0;
    for (size_t i = n; !rc && i-- > 0;)
        rc = put_actor(a, alive[i].key, alive[i].exe, facts[i], err);
    return rc;
}

as_code as_audit_portion(as_audit *a, as_err *err)
{
    as_audit_actor *alive = as_mem_get((a->n_actors + 1) * sizeof(*alive));
    uint32_t *facts = as_mem_get((a->n_actors + 1) * sizeof(*facts));
    as_code rc = alive && facts ? exchange(a, alive, facts, err)
                                : as_fail_nomem(err, "the processes of an audit log");

    as_mem_free(alive);
    as_mem_free(facts);
    return rc;
}
