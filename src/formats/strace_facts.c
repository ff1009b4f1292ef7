#include "formats/strace_priv.h"

#include "base/hash.h"

#include <string.h>

#include "base/banned.h"

/*
 * What a call says beyond having been made. The same thing done again by the same process
 * is told once; how often it was done the counts of its calls tell.
 */

#define VALUE_MAX 512u /* bytes of arguments that are told as they stand */

/* --- one fact -------------------------------------------------------------------------- */

/* The call that is being told. */
struct told {
    as_strace *s;
    as_strace_task *t;
    const as_linux_call *call;
    const as_strace_line *l;
    const as_evidence *also;
    bool cut; /* strace left out a part of a text that is told */
};

static as_bytes arg(const struct told *c, size_t i)
{
    return i < c->l->n_args ? c->l->args[i] : (as_bytes){0};
}

static bool first_time(const struct told *c, as_kind kind, as_bytes what, uint64_t more)
{
    uint64_t seed = c->s->seed ^ c->t->process->serial << 20 ^ (uint64_t)kind << 8 ^ more;

    return as_strace_first_time(c->s, as_hash64(what, seed));
}

static as_draft draft_of(const struct told *c, as_kind kind)
{
    as_draft d;

    as_draft_init(&d, kind);
    d.parent = c->t->process->fact;
    d.evidence[d.n_evidence++] = c->s->at;
    if (c->also)
        d.evidence[d.n_evidence++] = *c->also;
    return d;
}

static as_code put(const struct told *c, as_draft *d, as_attr_name name, as_bytes text, as_err *err)
{
    return as_linux_put(c->s->w, d, name, text, err);
}

/* "= ?", or none at all: what the call did is not known. */
static bool has_no_end(const struct told *c)
{
    return c->l->ret.n && c->l->ret.p[0] == '?';
}

/* "ENOENT" of "ENOENT (No such file or directory)". */
static as_bytes error_of(const struct told *c)
{
    as_bytes text = c->l->ret_text;
    size_t n = 0;

    if (!c->l->failed)
        return (as_bytes){0};
    while (n < text.n && text.p[n] != ' ')
        n++;
    return (as_bytes){text.p, n};
}

static as_code add(const struct told *c, as_draft *d, as_err *err)
{
    as_walk *w = c->s->w;
    as_code rc = put(c, d, AS_ATTR_ERROR, error_of(c), err);

    if (!rc)
        rc = put(c, d, AS_ATTR_TIME, c->s->time, err);
    if (!rc && c->cut) {
        rc = as_draft_text(d, w->facts, AS_ATTR_TRUNCATED, AS_FORM_TRUE, AS_LITERAL("true"));
        rc = rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
    }
    if (rc)
        return rc;
    rc = as_facts_add(w->facts, d, NULL);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* The arguments from number `i` on, as they stand. */
static as_bytes args_from(const struct told *c, size_t i)
{
    as_bytes first = arg(c, i), last = c->l->text;

    if (!first.p)
        return (as_bytes){0};
    return (as_bytes){first.p, (size_t)(last.p + last.n - first.p)};
}

static as_code put_value(struct told *c, as_draft *d, as_bytes value, as_err *err)
{
    c->cut |= value.n > VALUE_MAX;
    return put(c, d, AS_ATTR_VALUE, as_linux_cut(value, VALUE_MAX), err);
}

/* --- paths -------------------------------------------------------------------------------- */

/* "/dev/null<char 1:3>", as -y writes it. */
static void add_angle_path(as_bytes path, as_buf *out)
{
    const uint8_t *device = memchr(path.p, '<', path.n);

    as_strace_unescape((as_bytes){path.p, device ? (size_t)(device - path.p) : path.n}, out);
}

/* The path of a descriptor: of -y, else of the call that opened it. Appended to `out`. */
static bool fd_path(const struct told *c, as_bytes fd, as_buf *out)
{
    const as_strace_file *f;
    as_bytes path;
    uint32_t n;

    if (!as_strace_fd(fd, &n, &path))
        return false;
    if (path.n && path.p[0] != '/')
        return false; /* a socket, a pipe */
    if (path.n) {
        add_angle_path(path, out);
        return true;
    }
    f = c->s->saw_close ? as_strace_file_of(c->s, c->t->process, n, false) : NULL;
    if (!f || !f->path)
        return false;
    as_buf_add(out, as_facts_text(c->s->w->facts, f->path));
    return true;
}

/*
 * The path in `text`, below the directory that `dir` ({0}: none) stands for where that is
 * known. Into `out`, which stays good until the next path. {0}: there is none.
 */
static as_bytes path_of(struct told *c, as_bytes dir, as_bytes text, as_buf *out)
{
    bool cut = false;
    size_t start;

    as_buf_reset(out);
    if (dir.n && !(text.n > 1 && text.p[0] == '"' && text.p[1] == '/') && fd_path(c, dir, out))
        as_buf_byte(out, '/');
    start = out->n;
    if (!as_strace_string(text, out, &cut))
        return (as_bytes){0};
    c->cut |= cut;
    if (out->n == start) { /* "": the directory itself, where that is asked for */
        out->n = start > 0 ? start - 1 : 0;
        return as_buf_bytes(out);
    }
    if (cut)
        as_buf_text(out, "...");
    /* -xx writes all in hexadecimal, so the slash is seen only now. */
    if (start && out->p[start] == '/')
        return (as_bytes){out->p + start, out->n - start};
    return as_buf_bytes(out);
}

static as_code nothing(const struct told *c, as_err *err)
{
    return c->s->path.failed || c->s->other.failed ? as_fail_nomem(err, "a path") : AS_OK;
}

/* --- facts told as the call stands ---------------------------------------------------------- */

static as_code tell_call(struct told *c, as_bytes path, as_bytes value, as_err *err)
{
    as_draft d = draft_of(c, AS_KIND_SYSCALL);
    as_bytes target = {0};
    uint64_t pid;
    as_code rc = put(c, &d, AS_ATTR_API, c->l->name, err);

    if (c->call->role == AS_LINUX_TARGET)
        target = arg(c, 0);
    else if (c->call->role == AS_LINUX_TARGET2)
        target = arg(c, 1);
    for (size_t i = 0; i < target.n; i++) {
        if (target.p[i] == '<' || target.p[i] == ' ')
            target.n = i; /* 7<name>, 7 / * in the namespace * / */
    }
    if (!rc && path.n)
        rc = put(c, &d, AS_ATTR_PATH, path, err);
    if (!rc && as_bytes_u64(target, &pid) && pid)
        rc = as_linux_put_u64(c->s->w, &d, AS_ATTR_TARGET_PID, pid, err);
    if (!rc)
        rc = put_value(c, &d, value, err);
    return rc ? rc : add(c, &d, err);
}

/* Once for the same arguments and the same end; `known` are the arguments that tell. */
static as_code tell_once(struct told *c, as_bytes path, as_bytes value, as_bytes known, as_err *err)
{
    uint64_t end = as_hash64(error_of(c), as_hash64(c->l->name, c->s->seed));

    if (!first_time(c, AS_KIND_SYSCALL, known, end))
        return nothing(c, err);
    return tell_call(c, path, value, err);
}

/* What was tried in vain: not what is merely not there, or there already. */
static as_code tell_failure(struct told *c, as_err *err)
{
    as_bytes error = error_of(c);

    if (as_bytes_is(error, "ENOENT") || as_bytes_is(error, "EEXIST"))
        return AS_OK;
    return tell_once(c, (as_bytes){0}, c->l->text, c->l->text, err);
}

static as_code tell_path(struct told *c, as_kind kind, as_bytes path, as_bytes access, as_err *err)
{
    as_draft d = draft_of(c, kind);
    as_code rc;

    if (!path.n || !first_time(c, kind, path, as_hash64(access, c->s->seed)))
        return nothing(c, err);
    rc = put(c, &d, AS_ATTR_PATH, path, err);
    if (!rc)
        rc = put(c, &d, AS_ATTR_ACCESS, access, err);
    return rc ? rc : add(c, &d, err);
}

static as_code tell_two(struct told *c, as_kind kind, as_bytes from, as_bytes to, as_err *err)
{
    as_draft d = draft_of(c, kind);
    as_code rc = AS_OK;

    if (!from.n || !to.n || !first_time(c, kind, from, as_hash64(to, c->s->seed)))
        return nothing(c, err);
    if (kind == AS_KIND_SYSCALL)
        rc = put(c, &d, AS_ATTR_API, c->l->name, err);
    if (!rc)
        rc = put(c, &d, AS_ATTR_FROM, from, err);
    if (!rc)
        rc = put(c, &d, AS_ATTR_TO, to, err);
    return rc ? rc : add(c, &d, err);
}

/* --- opening and using files ------------------------------------------------------------- */

#define BIT_WRONLY 1u
#define BIT_RDWR   2u
#define BIT_CREAT  0100u
#define BIT_EXCL   0200u
#define BIT_TRUNC  01000u

/* A number as C writes it: "0x80000", "0100", "7". */
static bool number_of(as_bytes text, uint64_t *ret)
{
    unsigned base = 10;
    size_t i = 0;

    if (text.n > 2 && text.p[0] == '0' && text.p[1] == 'x') {
        base = 16;
        i = 2;
    } else if (text.n > 1 && text.p[0] == '0') {
        base = 8;
        i = 1;
    }
    *ret = 0;
    if (i >= text.n || text.n - i > 16)
        return false;
    for (; i < text.n; i++) {
        unsigned digit = text.p[i] - (unsigned)'0';

        if (base == 16 && digit > 9)
            digit = text.p[i] >= 'a' && text.p[i] <= 'f' ? text.p[i] - 'a' + 10u : 99u;
        if (digit >= base)
            return text.p[i] == ' ' && i > 0; /* 0x3 / * PROT_READ * / */
        *ret = *ret * base + digit;
    }
    return true;
}

static bool flagged(as_bytes flags, const char *word, uint64_t bits)
{
    uint64_t value;

    return as_strace_flag(flags, word) || (number_of(flags, &value) && (value & bits));
}

static as_kind kind_of_open(as_bytes flags, bool creat)
{
    bool writes =
        creat || flagged(flags, "O_WRONLY", BIT_WRONLY) || flagged(flags, "O_RDWR", BIT_RDWR);

    if (flagged(flags, "O_CREAT", BIT_CREAT) && flagged(flags, "O_EXCL", BIT_EXCL))
        return AS_KIND_FILE_CREATED;
    return writes && (creat || flagged(flags, "O_TRUNC", BIT_TRUNC)) ? AS_KIND_FILE_WRITTEN
                                                                     : AS_KIND_FILE_OPENED;
}

/* What has no content of its own. */
static bool is_terminal(as_bytes path)
{
    static const char *const names[] = {"/dev/null", "/dev/tty", "/dev/pts/"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        size_t n = strlen(names[i]);

        if (path.n >= n && !memcmp(path.p, names[i], n))
            return true;
    }
    return false;
}

/* From here on the descriptor that came back is of that file. */
static as_code note_file(struct told *c, as_bytes path, bool close_on_exec, bool written,
                         as_err *err)
{
    as_bytes ignored;
    as_strace_file *f;
    uint32_t fd;
    as_code rc;

    if (!as_strace_fd(c->l->ret, &fd, &ignored))
        return AS_OK;
    f = as_strace_file_of(c->s, c->t->process, fd, path.n > 0);
    if (!f)
        return AS_OK;
    *f = (as_strace_file){.close_on_exec = close_on_exec, .written = written};
    rc = path.n ? as_facts_intern(c->s->w->facts, path, &f->path) : AS_OK;
    return rc ? as_walk_facts_failed(c->s->w, rc, err) : AS_OK;
}

static as_code tell_open(struct told *c, as_bytes dir, as_bytes text, as_bytes flags, bool creat,
                         as_err *err)
{
    bool directory = flagged(flags, "O_DIRECTORY", 0) || flagged(flags, "O_PATH", 0);
    as_bytes path = path_of(c, dir, text, &c->s->path);
    as_kind kind = kind_of_open(flags, creat);
    as_code rc;

    if (!path.n || c->s->path.failed)
        return nothing(c, err);
    if (c->l->failed)
        return tell_path(c, AS_KIND_FILE_FAILED, path, flags, err);
    if (path.p[0] != '/' && c->l->ret_path.n && c->l->ret_path.p[0] == '/') {
        as_buf_reset(&c->s->path);
        add_angle_path(c->l->ret_path, &c->s->path);
        path = as_buf_bytes(&c->s->path);
    }
    rc = note_file(c, path, flagged(flags, "O_CLOEXEC", 02000000), kind == AS_KIND_FILE_WRITTEN,
                   err);
    if (rc || directory || is_terminal(path))
        return rc;
    return tell_path(c, kind, path, flags, err);
}

/* Once for each time that the file was opened, where that was seen. */
static as_code tell_use(struct told *c, bool writes, as_err *err)
{
    as_strace_file *f;
    as_bytes path;
    uint32_t fd;

    if (c->l->failed || has_no_end(c) || !as_strace_fd(arg(c, 0), &fd, &path))
        return AS_OK;
    f = as_strace_file_of(c->s, c->t->process, fd, false);
    if (f && f->path && (writes ? f->written : f->read))
        return AS_OK;
    as_buf_reset(&c->s->path);
    if (!fd_path(c, arg(c, 0), &c->s->path))
        return nothing(c, err);
    if (f && f->path && writes)
        f->written = true;
    else if (f && f->path)
        f->read = true;
    path = as_buf_bytes(&c->s->path);
    if (is_terminal(path))
        return AS_OK;
    return tell_path(c, writes ? AS_KIND_FILE_WRITTEN : AS_KIND_FILE_READ, path, (as_bytes){0},
                     err);
}

static as_code tell_close(struct told *c)
{
    as_strace_file *f;
    as_bytes path;
    uint32_t fd;

    c->s->saw_close = true;
    if (!c->l->failed && as_strace_fd(arg(c, 0), &fd, &path)) {
        f = as_strace_file_of(c->s, c->t->process, fd, false);
        if (f)
            *f = (as_strace_file){0};
    }
    return AS_OK;
}

static void forget(as_strace_process *p, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to && i < p->n_files; i++)
        p->files[i] = (as_strace_file){0};
}

static as_code tell_close_range(struct told *c)
{
    uint64_t from, to;

    if (!c->l->failed && number_of(arg(c, 0), &from) && !flagged(arg(c, 2), "CLOEXEC", 4))
        forget(c->t->process, from, number_of(arg(c, 1), &to) ? to : UINT64_MAX);
    return AS_OK;
}

static bool is_network(const struct told *c, const as_strace_file *f, as_bytes text)
{
    as_bytes protocol = f && f->protocol ? as_facts_text(c->s->w->facts, f->protocol) : text;

    return protocol.n >= 3 && (!memcmp(protocol.p, "TCP", 3) || !memcmp(protocol.p, "UDP", 3));
}

/* A copy of a descriptor. That of a connection as standard input or output is a shell's. */
static as_code tell_dup(struct told *c, as_err *err)
{
    as_strace_process *p = c->t->process;
    as_strace_file *from, *to;
    uint32_t old, now;
    as_bytes path, ignored;
    bool network;

    if (c->l->failed || !as_strace_fd(arg(c, 0), &old, &path) ||
        !as_strace_fd(c->l->ret, &now, &ignored) || old == now)
        return AS_OK;
    from = as_strace_file_of(c->s, p, old, false);
    network = is_network(c, from, path);
    to = as_strace_file_of(c->s, p, now, from != NULL);
    from = as_strace_file_of(c->s, p, old, false); /* it may have moved */
    if (to)
        *to = from ? *from : (as_strace_file){0};
    if (to)
        to->close_on_exec = flagged(args_from(c, 1), "O_CLOEXEC", 0) ||
                            flagged(args_from(c, 1), "F_DUPFD_CLOEXEC", 0);
    return network && now <= 2 ? tell_once(c, (as_bytes){0}, c->l->text, c->l->text, err) : AS_OK;
}

static as_code tell_fcntl(struct told *c, as_err *err)
{
    as_strace_file *f;
    as_bytes path;
    uint32_t fd;

    if (as_strace_flag(arg(c, 1), "F_DUPFD") || as_strace_flag(arg(c, 1), "F_DUPFD_CLOEXEC"))
        return tell_dup(c, err);
    if (as_strace_flag(arg(c, 1), "F_SETFD") && as_strace_fd(arg(c, 0), &fd, &path)) {
        f = as_strace_file_of(c->s, c->t->process, fd, false);
        if (f)
            f->close_on_exec = as_strace_flag(arg(c, 2), "FD_CLOEXEC");
    }
    return AS_OK;
}

/* [3, 4]: neither is of a file. */
static as_code tell_new_fds(struct told *c)
{
    as_bytes text = c->l->text;
    size_t n = 0;

    for (size_t i = 0; !c->l->failed && i < text.n && n < 2; i++) {
        as_bytes path;
        uint32_t fd;

        if ((text.p[i] == '[' || text.p[i] == ' ') &&
            as_strace_fd((as_bytes){text.p + i + 1, text.n - i - 1}, &fd, &path)) {
            forget(c->t->process, fd, fd);
            n++;
        }
    }
    return AS_OK;
}

/* --- network ---------------------------------------------------------------------------- */

static as_code tell_socket(struct told *c, as_err *err)
{
    as_bytes domain = arg(c, 0), type = arg(c, 1), ignored;
    bool inet = as_strace_flag(domain, "AF_INET") || as_strace_flag(domain, "AF_INET6") ||
                as_strace_flag(domain, "PF_INET") || as_strace_flag(domain, "PF_INET6");
    bool raw = as_strace_flag(type, "SOCK_RAW") || as_strace_flag(domain, "AF_PACKET");
    const char *name = NULL;
    as_strace_file *f;
    uint32_t fd;
    as_code rc;

    if (as_strace_flag(domain, "AF_NETLINK"))
        raw = false; /* all of those are */
    if (inet && as_strace_flag(type, "SOCK_STREAM"))
        name = "TCP";
    else if (inet && as_strace_flag(type, "SOCK_DGRAM"))
        name = "UDP";
    if (!c->l->failed && as_strace_fd(c->l->ret, &fd, &ignored)) {
        f = as_strace_file_of(c->s, c->t->process, fd, name != NULL);
        if (f)
            *f = (as_strace_file){.close_on_exec = as_strace_flag(type, "SOCK_CLOEXEC")};
        rc = f && name ? as_facts_intern(c->s->w->facts, as_bytes_of(name), &f->protocol) : AS_OK;
        if (rc)
            return as_walk_facts_failed(c->s->w, rc, err);
    }
    return raw ? tell_once(c, (as_bytes){0}, c->l->text, c->l->text, err) : AS_OK;
}

struct address {
    as_bytes ip, port, path;
};

/* The string in brackets or behind the name, as in inet_addr("1.2.3.4"), into `out`. */
static as_bytes quoted(struct told *c, as_bytes text, as_buf *out)
{
    const uint8_t *quote = text.n ? memchr(text.p, '"', text.n) : NULL;

    if (!quote ||
        !as_strace_string((as_bytes){quote, (size_t)(text.p + text.n - quote)}, out, &c->cut))
        return (as_bytes){0};
    return as_buf_bytes(out);
}

static as_bytes port_of(as_bytes text)
{
    as_bytes value = as_strace_field(text, "sin_port");
    size_t n = 0, at = 6;

    if (!value.n)
        value = as_strace_field(text, "sin6_port");
    if (value.n < 7 || memcmp(value.p, "htons(", 6) != 0)
        return (as_bytes){0};
    while (at + n < value.n && value.p[at + n] >= '0' && value.p[at + n] <= '9')
        n++;
    return (as_bytes){value.p + at, n};
}

static bool address_of(struct told *c, as_bytes text, struct address *ret)
{
    as_bytes v4 = as_strace_field(text, "sin_addr");
    const uint8_t *v6 = text.n ? memmem(text.p, text.n, "inet_pton(", 10) : NULL;
    as_bytes name = as_strace_field(text, "sun_path");

    *ret = (struct address){0};
    as_buf_reset(&c->s->path);
    if (v4.n)
        ret->ip = quoted(c, v4, &c->s->path);
    else if (v6 && port_of(text).n)
        ret->ip = quoted(c, (as_bytes){v6, (size_t)(text.p + text.n - v6)}, &c->s->path);
    else if (name.n)
        ret->path = quoted(c, name, &c->s->path);
    ret->port = port_of(text);
    return ret->ip.n || ret->path.n;
}

/* "TCP" or "UDP": of -yy, else of the call that made the socket. */
static as_bytes protocol_of(const struct told *c, as_bytes fd)
{
    const as_strace_file *f;
    as_bytes path;
    uint32_t n;

    if (!as_strace_fd(fd, &n, &path))
        return (as_bytes){0};
    if (path.n >= 3 && (!memcmp(path.p, "TCP", 3) || !memcmp(path.p, "UDP", 3)))
        return (as_bytes){path.p, 3};
    f = as_strace_file_of(c->s, c->t->process, n, false);
    /* Only another socket() makes another socket of the number. */
    return f && f->protocol ? as_facts_text(c->s->w->facts, f->protocol) : (as_bytes){0};
}

/* A connection where one came about or something was sent, else the call as such. */
static bool has_traffic(const struct told *c, as_bytes protocol)
{
    if (c->l->failed || has_no_end(c) || c->call->role == AS_LINUX_BIND)
        return false;
    return c->call->role != AS_LINUX_CONNECT || as_bytes_is(protocol, "TCP");
}

static as_code tell_address(struct told *c, size_t at, as_err *err)
{
    as_bytes text = arg(c, at), protocol = protocol_of(c, arg(c, 0));
    bool there = c->call->role == AS_LINUX_CONNECT || c->call->role == AS_LINUX_SEND;
    struct address a;
    as_draft d;
    as_code rc;

    if (!text.n || !address_of(c, text, &a))
        return nothing(c, err);
    d = draft_of(c, has_traffic(c, protocol) && a.ip.n ? AS_KIND_CONNECTION : AS_KIND_SOCKET_CALL);
    if (!first_time(c, d.kind, text, as_hash64(error_of(c), as_hash64(c->l->name, c->s->seed))))
        return AS_OK;
    rc = put(c, &d, AS_ATTR_OPERATION, c->l->name, err);
    if (!rc)
        rc = put(c, &d, AS_ATTR_PROTOCOL, protocol, err);
    if (!rc)
        rc = put(c, &d, there ? AS_ATTR_DST : AS_ATTR_SRC, a.ip, err);
    if (!rc && a.ip.n)
        rc = put(c, &d, there ? AS_ATTR_DPORT : AS_ATTR_SPORT, a.port, err);
    if (!rc)
        rc = put(c, &d, AS_ATTR_PATH, a.path, err);
    return rc ? rc : add(c, &d, err);
}

static as_code tell_accept(struct told *c, as_err *err)
{
    as_bytes protocol = protocol_of(c, arg(c, 0)), ignored;
    as_strace_file *f;
    uint32_t fd;
    as_code rc;

    if (c->l->failed)
        return AS_OK;
    rc = note_file(c, (as_bytes){0}, false, false, err);
    if (!rc && protocol.n && as_strace_fd(c->l->ret, &fd, &ignored)) {
        f = as_strace_file_of(c->s, c->t->process, fd, true);
        rc = f ? as_facts_intern(c->s->w->facts, protocol, &f->protocol) : AS_OK;
        rc = rc ? as_walk_facts_failed(c->s->w, rc, err) : AS_OK;
    }
    return rc ? rc : tell_address(c, 1, err);
}

/* --- memory -------------------------------------------------------------------------------- */

/* Code from a file is a module; code from nowhere, or that may be written, is told. */
static as_code tell_mmap(struct told *c, as_err *err)
{
    as_bytes protection = arg(c, 2), known = args_from(c, 2);
    bool writes = flagged(protection, "PROT_WRITE", 2);

    if (c->l->failed || has_no_end(c) || !flagged(protection, "PROT_EXEC", 4))
        return AS_OK;
    as_buf_reset(&c->s->path);
    if (!fd_path(c, arg(c, 4), &c->s->path))
        return tell_once(c, (as_bytes){0}, c->l->text, known, err);
    if (!writes)
        return tell_path(c, AS_KIND_MODULE, as_buf_bytes(&c->s->path), (as_bytes){0}, err);
    return tell_once(c, as_buf_bytes(&c->s->path), c->l->text, known, err);
}

static as_code tell_mprotect(struct told *c, as_err *err)
{
    if (!flagged(arg(c, 2), "PROT_EXEC", 4))
        return AS_OK;
    return tell_once(c, (as_bytes){0}, c->l->text, arg(c, 2), err);
}

static as_code tell_prctl(struct told *c, as_err *err)
{
    as_bytes what = arg(c, 0);

    if (what.n < 7 || (memcmp(what.p, "PR_SET_", 7) != 0 && memcmp(what.p, "PR_CAP", 6) != 0))
        return AS_OK;
    return tell_once(c, (as_bytes){0}, c->l->text, c->l->text, err);
}

/* --- processes ----------------------------------------------------------------------------- */

/* An argument with blanks in it keeps its quotes. */
static void add_word(struct told *c, as_bytes text, as_buf *out)
{
    size_t start;
    bool cut = false, plain = true;

    if (out->n)
        as_buf_byte(out, ' ');
    start = out->n;
    (void)as_strace_string(text, out, &cut);
    for (size_t i = start; i < out->n; i++)
        plain &= out->p[i] > ' ' && out->p[i] != '"';
    if (!plain || out->n == start) {
        size_t n = as_strace_string_length(text);

        out->n = start;
        as_buf_add(out, (as_bytes){text.p, n - (cut ? 3 : 0)});
    }
    if (cut)
        as_buf_text(out, "...");
    c->cut |= cut;
}

/* ["ls", "-l", ...] as a command line, into `out`. */
static as_bytes words_of(struct told *c, as_bytes list, as_buf *out)
{
    as_buf_reset(out);
    for (size_t i = 1; list.n && list.p[0] == '[' && i < list.n;) {
        as_bytes rest = {list.p + i, list.n - i};
        size_t n = as_strace_string_length(rest);

        if (n) {
            add_word(c, (as_bytes){rest.p, n}, out);
            i += n;
        } else if (rest.n >= 3 && !memcmp(rest.p, "...", 3)) {
            as_buf_text(out, " ...");
            c->cut = true;
            i += 3;
        } else {
            i++;
        }
    }
    return as_buf_bytes(out);
}

/* What a program that was run from a descriptor calls itself. */
static as_bytes first_word(struct told *c, as_bytes list, as_buf *out)
{
    as_buf_reset(out);
    if (list.n > 1 && list.p[0] == '[')
        (void)as_strace_string((as_bytes){list.p + 1, list.n - 1}, out, &c->cut);
    return as_buf_bytes(out);
}

/* Of -v: ["NAME=value", ...]. What a process has from the one that started it is told once. */
static as_code tell_environment(struct told *c, as_bytes list, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t i = 1; !rc && list.n && list.p[0] == '[' && i < list.n;) {
        as_bytes rest = {list.p + i, list.n - i}, text;
        size_t n = as_strace_string_length(rest), k = 0;
        as_draft d = draft_of(c, AS_KIND_ENVIRONMENT);

        i += n ? n : 1;
        if (!n || !as_strace_first_time(c->s, as_hash64((as_bytes){rest.p, n}, c->s->seed)))
            continue;
        c->cut = false;
        as_buf_reset(&c->s->other);
        (void)as_strace_string((as_bytes){rest.p, n}, &c->s->other, &c->cut);
        if (c->cut)
            as_buf_text(&c->s->other, "...");
        text = as_buf_bytes(&c->s->other);
        while (k < text.n && text.p[k] != '=')
            k++;
        rc = put(c, &d, AS_ATTR_NAME, (as_bytes){text.p, k}, err);
        if (!rc && k < text.n)
            rc = put(c, &d, AS_ATTR_VALUE, (as_bytes){text.p + k + 1, text.n - k - 1}, err);
        if (!rc && d.n_attrs)
            rc = add(c, &d, err);
    }
    return rc;
}

static as_code keep(const struct told *c, as_bytes text, as_str *ret, as_err *err)
{
    as_draft d;
    as_code rc;

    as_draft_init(&d, AS_KIND_PROCESS); /* for its way with what is no UTF-8 */
    *ret = 0;
    rc = put(c, &d, AS_ATTR_PATH, text, err);
    if (!rc && d.n_attrs)
        *ret = d.attrs[0].str;
    return rc;
}

static as_code tell_exec(struct told *c, as_bytes path, size_t argv, as_err *err)
{
    as_strace_process *p = c->t->process;
    as_code rc;

    if (c->l->failed)
        return as_bytes_is(error_of(c), "ENOENT") ? AS_OK
                                                  : tell_once(c, path, arg(c, argv), path, err);
    if (c->l->ret.n && c->l->ret.p[0] == '?')
        return AS_OK;
    rc = as_strace_new_image(c->s, c->t, err);
    if (!rc)
        rc = keep(c, path, &p->path, err);
    if (!rc)
        rc = keep(c, as_linux_base_name(path), &p->name, err);
    if (!rc)
        rc = keep(c, words_of(c, arg(c, argv), &c->s->other), &p->command_line, err);
    if (!rc && !p->name)
        rc = keep(c, first_word(c, arg(c, argv), &c->s->other), &p->name, err);
    p->cut = c->cut;
    return rc ? rc : tell_environment(c, arg(c, argv + 1), err);
}

static as_code tell_fork(struct told *c, as_err *err)
{
    as_bytes ignored;
    uint32_t tid;

    if (c->l->failed || !as_strace_fd(c->l->ret, &tid, &ignored) || !tid)
        return AS_OK;
    return as_strace_started(c->s, c->t, tid, as_strace_flag(c->l->text, "CLONE_THREAD"), err);
}

/* The number of a process that has none in the log, as a file of -ff. */
static as_code tell_self(struct told *c)
{
    as_strace_process *p = c->t->process;
    as_bytes ignored;
    uint32_t pid;

    if (!p->pid && !p->put && !c->l->failed && as_strace_fd(c->l->ret, &pid, &ignored) &&
        (as_bytes_is(c->l->name, "getpid") || p->has_image))
        p->pid = pid;
    return AS_OK;
}

/* --- all -------------------------------------------------------------------------------------- */

static as_code tell_file(struct told *c, as_err *err)
{
    as_strace *s = c->s;
    as_bytes none = {0}, first, second;

    if (has_no_end(c))
        return tell_once(c, none, c->l->text, c->l->text, err);
    switch ((as_linux_role)c->call->role) {
    case AS_LINUX_OPEN:
        return tell_open(c, none, arg(c, 0), arg(c, 1), false, err);
    case AS_LINUX_CREAT:
        return tell_open(c, none, arg(c, 0), none, true, err);
    case AS_LINUX_OPENAT:
        return tell_open(c, arg(c, 0), arg(c, 1), arg(c, 2), false, err);
    case AS_LINUX_STAT:
        return tell_path(c, AS_KIND_FILE_EXISTS, path_of(c, none, arg(c, 0), &s->path), none, err);
    case AS_LINUX_STATAT:
        if (arg(c, 1).n <= 2)
            return AS_OK; /* "": of an open file */
        return tell_path(c, AS_KIND_FILE_EXISTS, path_of(c, arg(c, 0), arg(c, 1), &s->path), none,
                         err);
    default:
        break;
    }
    if (c->l->failed)
        return tell_failure(c, err);
    switch ((as_linux_role)c->call->role) {
    case AS_LINUX_DELETE:
        return tell_path(c, AS_KIND_FILE_DELETED, path_of(c, none, arg(c, 0), &s->path), none, err);
    case AS_LINUX_DELETEAT:
        return tell_path(c,
                         flagged(arg(c, 2), "AT_REMOVEDIR", 0x200) ? AS_KIND_DIR_REMOVED
                                                                   : AS_KIND_FILE_DELETED,
                         path_of(c, arg(c, 0), arg(c, 1), &s->path), none, err);
    case AS_LINUX_RMDIR:
        return tell_path(c, AS_KIND_DIR_REMOVED, path_of(c, none, arg(c, 0), &s->path), none, err);
    case AS_LINUX_MKDIR:
        return tell_path(c, AS_KIND_DIR_CREATED, path_of(c, none, arg(c, 0), &s->path), none, err);
    case AS_LINUX_MKDIRAT:
        return tell_path(c, AS_KIND_DIR_CREATED, path_of(c, arg(c, 0), arg(c, 1), &s->path), none,
                         err);
    case AS_LINUX_TRUNCATE:
        return tell_path(c, AS_KIND_FILE_WRITTEN, path_of(c, none, arg(c, 0), &s->path), none, err);
    case AS_LINUX_MOVE:
    case AS_LINUX_LINK:
        first = path_of(c, none, arg(c, 0), &s->path);
        second = path_of(c, none, arg(c, 1), &s->other);
        break;
    case AS_LINUX_SYMLINKAT:
        first = path_of(c, none, arg(c, 0), &s->path);
        second = path_of(c, arg(c, 1), arg(c, 2), &s->other);
        break;
    default:
        first = path_of(c, arg(c, 0), arg(c, 1), &s->path);
        second = path_of(c, arg(c, 2), arg(c, 3), &s->other);
    }
    return tell_two(c,
                    c->call->role == AS_LINUX_MOVE || c->call->role == AS_LINUX_MOVEAT
                        ? AS_KIND_FILE_MOVED
                        : AS_KIND_SYSCALL,
                    first, second, err);
}

static as_code tell_list(struct told *c, as_err *err)
{
    as_buf_reset(&c->s->path);
    if (c->l->failed || has_no_end(c) || !fd_path(c, arg(c, 0), &c->s->path))
        return nothing(c, err);
    return tell_path(c, AS_KIND_DIR_LISTED, as_buf_bytes(&c->s->path), (as_bytes){0}, err);
}

/* A call that is told as it stands, with the file that it is about. */
static as_code tell_plain(struct told *c, as_err *err)
{
    as_strace *s = c->s;
    as_bytes path = {0}, known = c->l->text;
    size_t behind = 0;

    if (c->l->failed && as_bytes_is(error_of(c), "ENOENT") && c->call->role != AS_LINUX_TOLD)
        return AS_OK;
    if (c->call->role == AS_LINUX_PATH) {
        path = path_of(c, path, arg(c, 0), &s->path);
        behind = path.n ? 1 : 0;
    } else if (c->call->role == AS_LINUX_PATHAT) {
        path = path_of(c, arg(c, 0), arg(c, 1), &s->path);
        behind = path.n ? 2 : 0;
    } else if (c->call->role == AS_LINUX_FD) {
        as_buf_reset(&s->path);
        if (fd_path(c, arg(c, 0), &s->path)) {
            path = as_buf_bytes(&s->path);
            behind = 1;
        }
    } else if (c->call->role == AS_LINUX_TARGET2) {
        known.n = arg(c, 1).n ? (size_t)(arg(c, 1).p + arg(c, 1).n - known.p) : known.n;
    }
    return tell_once(c, path, args_from(c, behind), known, err);
}

static as_code tell(struct told *c, as_err *err)
{
    switch ((as_linux_role)c->call->role) { /* long: one switch */
    case AS_LINUX_COUNTED:
    case AS_LINUX_ROLES:
        return AS_OK;
    case AS_LINUX_EXEC:
        return tell_exec(c, path_of(c, (as_bytes){0}, arg(c, 0), &c->s->path), 1, err);
    case AS_LINUX_EXECAT:
        return tell_exec(c, path_of(c, arg(c, 0), arg(c, 1), &c->s->path), 2, err);
    case AS_LINUX_FORK:
        return tell_fork(c, err);
    case AS_LINUX_EXIT:
        c->t->left = true;
        if (!as_bytes_is(c->l->name, "exit") || c->t->process->tasks == 1)
            c->t->process->leaving = c->s->at.last;
        return AS_OK;
    case AS_LINUX_SELF:
        return tell_self(c);
    case AS_LINUX_CLOSE:
        return tell_close(c);
    case AS_LINUX_CLOSE_RANGE:
        return tell_close_range(c);
    case AS_LINUX_DUP:
        return tell_dup(c, err);
    case AS_LINUX_FCNTL:
        return tell_fcntl(c, err);
    case AS_LINUX_NEW_FD:
        return c->l->failed ? AS_OK : note_file(c, (as_bytes){0}, false, false, err);
    case AS_LINUX_NEW_FDS:
        return tell_new_fds(c);
    case AS_LINUX_READ:
        return tell_use(c, false, err);
    case AS_LINUX_WRITE:
        return tell_use(c, true, err);
    case AS_LINUX_LIST:
        return tell_list(c, err);
    case AS_LINUX_SOCKET:
        return tell_socket(c, err);
    case AS_LINUX_CONNECT:
    case AS_LINUX_BIND:
        return tell_address(c, 1, err);
    case AS_LINUX_ACCEPT:
        return tell_accept(c, err);
    case AS_LINUX_SEND:
        return tell_address(c, as_bytes_is(c->l->name, "sendto") ? 4 : 1, err);
    case AS_LINUX_MMAP:
        return tell_mmap(c, err);
    case AS_LINUX_MPROTECT:
        return tell_mprotect(c, err);
    case AS_LINUX_PRCTL:
        return tell_prctl(c, err);
    case AS_LINUX_PATH:
    case AS_LINUX_PATHAT:
    case AS_LINUX_FD:
    case AS_LINUX_TARGET:
    case AS_LINUX_TARGET2:
    case AS_LINUX_TOLD:
        return tell_plain(c, err);
    default:
        return tell_file(c, err);
    }
}

as_code as_strace_tell(as_strace *s, as_strace_task *t, const as_linux_call *call,
                       const as_strace_line *l, const as_evidence *also, as_err *err)
{
    struct told c = {.s = s, .t = t, .call = call, .l = l, .also = also};

    return tell(&c, err);
}
