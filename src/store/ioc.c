/*
 * Finding names and addresses in a text, in one pass from left to right. What is tried
 * looks ahead a bounded number of bytes, or at a run that is looked at once: linear time,
 * whatever the text. The rules are told in docs/retrieval.md ("Words").
 */
#include "base/utf8.h"
#include "store/ioc_priv.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

#define PATH_MAX_BYTES  4096u
#define QUOTED_MAX      1024u
#define WORD_AHEAD_MAX  64u
#define WORDS_AHEAD_MAX 3u
#define DOMAIN_MAX      253u
#define LABEL_MAX       63u
#define IPV6_MAX        45u
#define API_MAX         64u
#define HEX_MIN         6u
#define HEX_MAX         127u
#define URL_MAX         8192u
#define MAIL_LOCAL_MAX  64u
#define VARIABLE_MAX    32u
#define TRAILING        ".,:;!?*~_-=&|"

typedef struct scan {
    as_bytes s; /* refanged */
    const as_refanged *r;
    as_arena *arena;
    as_ioc *p; /* on the heap, until all are known */
    size_t n, cap;
    size_t seen; /* the run of host characters up to here was looked at */
    as_buf norm;
    as_code rc;
    as_err *err;
} scan;

static bool is_word(uint8_t c)
{
    return as_is_alnum(c) || c == '_';
}

/* The byte at `i`, or 0 at either end. */
static uint8_t peek(const scan *sc, size_t i)
{
    return i < sc->s.n ? sc->s.p[i] : 0;
}

static as_bytes part(const scan *sc, size_t begin, size_t end)
{
    return (as_bytes){sc->s.p + begin, end - begin};
}

/* What stands at `at`: a letter of which kind, and its length. */
static as_letter letter_at(const scan *sc, size_t at, size_t *n)
{
    *n = 1;
    if (sc->s.p[at] < 0x80)
        return as_is_alnum(sc->s.p[at]) ? AS_LETTER_WORD : AS_LETTER_NONE;
    return as_letter_of(as_utf8_next((as_bytes){sc->s.p + at, sc->s.n - at}, n));
}

static bool starts(const scan *sc, size_t at, const char *text)
{
    size_t n = strlen(text);

    return sc->s.n - at >= n && as_bytes_eq_nocase((as_bytes){sc->s.p + at, n}, as_bytes_of(text));
}

/* Keeps it. Returns `end`, from where the search goes on. */
static size_t put(scan *sc, as_ioc_type type, size_t begin, size_t end, uint16_t port)
{
    as_ioc ioc = {.type = type, .port = port};

    if (sc->rc)
        return end;
    if (sc->n == AS_IOC_MAX) {
        sc->rc = as_fail(sc->err, AS_LIMIT, as_refang_at(sc->r, begin),
                         "more than %u names and addresses in one text", AS_IOC_MAX);
        return end;
    }
    as_buf_reset(&sc->norm);
    as_ioc_norm_plain(type, part(sc, begin, end), &sc->norm);
    if (sc->norm.n == 0 && !sc->norm.failed) /* separators alone */
        return end;
    ioc.begin = as_refang_at(sc->r, begin);
    ioc.end = as_refang_at(sc->r, end);
    if (sc->norm.failed || !as_mem_room((void **)&sc->p, &sc->cap, sc->n, sizeof(ioc)) ||
        as_arena_copy(sc->arena, as_buf_bytes(&sc->norm), &ioc.norm)) {
        sc->rc = as_fail_nomem(sc->err, "names and addresses");
        return end;
    }
    sc->p[sc->n++] = ioc;
    return end;
}

/* A port behind `at`: ":443" and no more digits. Moves *at behind it. */
static uint16_t take_port(const scan *sc, size_t *at)
{
    size_t i = *at + 1;
    uint32_t port = 0;

    if (peek(sc, *at) != ':')
        return 0;
    while (i < sc->s.n && as_is_digit(sc->s.p[i]) && i - *at <= 5)
        port = port * 10 + (sc->s.p[i++] - '0');
    if (i == *at + 1 || port == 0 || port > 65535 || is_word(peek(sc, i)) ||
        (peek(sc, i) == '.' && as_is_digit(peek(sc, i + 1))))
        return 0;
    *at = i;
    return (uint16_t)port;
}

/*
 * `end` without the punctuation of the sentence around it. A closing bracket stays if it
 * was opened inside.
 */
static size_t without_trailing(const scan *sc, size_t begin, size_t end, const char *set)
{
    static const char closing[] = ")]}", opening[] = "([{";
    size_t open[3] = {0}, closed[3] = {0};

    for (size_t i = begin; i < end; i++) {
        for (size_t k = 0; k < 3; k++) {
            open[k] += sc->s.p[i] == (uint8_t)opening[k];
            closed[k] += sc->s.p[i] == (uint8_t)closing[k];
        }
    }
    while (end > begin) {
        uint8_t c = sc->s.p[end - 1];
        size_t k = 0;

        while (k < 3 && c != (uint8_t)closing[k])
            k++;
        if (k < 3) {
            if (closed[k] <= open[k])
                return end;
            closed[k]--;
        } else if (!as_one_of(c, set)) {
            return end;
        }
        end--;
    }
    return end;
}

/* --- quotes ------------------------------------------------------------------------------ */

static const struct {
    const char *open, *close;
} quotes[] = {
    {"\"", "\""}, {"'", "'"},   {"`", "`"}, {"“", "”"},   {"‘", "’"},
    {"「", "」"}, {"『", "』"}, {"«", "»"}, {"《", "》"}, {"〈", "〉"},
    {"＂", "＂"}, {"＇", "＇"}, {"„", "“"},
};

/* The end of the quotation that begins right before `at`; 0: there is none. */
static size_t quoted_end(const scan *sc, size_t at)
{
    for (size_t q = 0; q < AS_COUNT(quotes); q++) {
        size_t open = strlen(quotes[q].open), close = strlen(quotes[q].close);

        if (at < open || memcmp(sc->s.p + at - open, quotes[q].open, open) != 0)
            continue;
        for (size_t i = at; i + close <= sc->s.n && i - at < QUOTED_MAX; i++) {
            if (sc->s.p[i] == '\n' || sc->s.p[i] == '\r' || sc->s.p[i] == 0)
                break;
            if (!memcmp(sc->s.p + i, quotes[q].close, close))
                return i;
        }
    }
    return 0;
}

/* --- paths ------------------------------------------------------------------------------- */

static bool is_path_char(uint8_t c)
{
    return c > ' ' && c < 0x7f && !as_one_of(c, "\"'`<>|*?,;!");
}

static bool is_slash(uint8_t c)
{
    return c == '\\' || c == '/';
}

/* [begin, end) ends in the extension of a file that is known. */
static bool names_file(const scan *sc, size_t begin, size_t end)
{
    as_bytes name = part(sc, begin, end);

    if (name.n > WORD_AHEAD_MAX)
        name = (as_bytes){name.p + name.n - WORD_AHEAD_MAX, WORD_AHEAD_MAX};
    return as_known_extension(as_path_extension(name));
}

/*
 * A path stops at a blank, unless what follows is a component of it beyond doubt: a back
 * slash comes within three words, none of which begins another path or key.
 */
static bool goes_on(const scan *sc, size_t blank, size_t component)
{
    size_t at = blank + 1;

    if (component == blank || names_file(sc, component, blank))
        return false;
    for (unsigned word = 0; word < WORDS_AHEAD_MAX; word++, at++) {
        size_t from = at, n = 1;

        while (at < sc->s.n && at - from < WORD_AHEAD_MAX) {
            uint8_t c = sc->s.p[at];

            if (c == '\\')
                return at > from && !starts(sc, from, "HK");
            if (c >= 0x80 ? letter_at(sc, at, &n) == AS_LETTER_NONE
                          : !is_path_char(c) || c == ':' || c == '%' || c == '/')
                break;
            at += c >= 0x80 ? n : 1;
        }
        if (at == from || peek(sc, at) != ' ' || names_file(sc, from, at))
            return false;
    }
    return false;
}

/* The end of a path or key whose text begins at `at`. */
static size_t unquoted_end(const scan *sc, size_t at, bool windows)
{
    size_t begin = at, component = at, n;

    while (at < sc->s.n && at - begin < PATH_MAX_BYTES) {
        uint8_t c = sc->s.p[at];

        n = 1;
        if (c == ' ') {
            if (!windows || !goes_on(sc, at, component))
                break;
        } else if (c < 0x80) {
            /* A colon is of a drive behind "\??\" or of a stream. */
            if (!is_path_char(c) || (c == ':' && !as_is_alnum(peek(sc, at + 1)) &&
                                     !(at == begin + 1 && is_slash(peek(sc, at + 1)))))
                break;
            if (is_slash(c))
                component = at + 1;
        } else {
            as_letter letter = letter_at(sc, at, &n);

            if (letter == AS_LETTER_NONE || (letter == AS_LETTER_CJK && !windows))
                break;
            /* "C:\a.exe的哈希": the sentence goes on, the path does not. */
            if (letter == AS_LETTER_CJK && as_is_alnum(sc->s.p[at - 1]) &&
                names_file(sc, component, at))
                break;
        }
        at += n;
    }
    return without_trailing(sc, begin, at, ".,:;!?");
}

/* In quotes a path has blanks; but a program's path ends where its arguments begin. */
static size_t path_end(const scan *sc, size_t begin, size_t at, bool windows)
{
    size_t end = quoted_end(sc, begin), component = at;

    if (!end || end <= at)
        return unquoted_end(sc, at, windows);
    for (size_t i = at; i < end; i++) {
        if (is_slash(sc->s.p[i]))
            component = i + 1;
        if (sc->s.p[i] == ' ' && names_file(sc, component, i) && i + 1 < end &&
            (as_one_of(sc->s.p[i + 1], "-/\"\\%") || peek(sc, i + 2) == ':'))
            return i;
    }
    return end;
}

/* %TEMP%\...: the length of the variable; 0: it is none. */
static size_t variable_at(const scan *sc, size_t at)
{
    size_t i = at + 1;

    while (i < sc->s.n && i - at <= VARIABLE_MAX &&
           (is_word(sc->s.p[i]) || sc->s.p[i] == '(' || sc->s.p[i] == ')'))
        i++;
    return i > at + 1 && peek(sc, i) == '%' && is_slash(peek(sc, i + 1)) ? i + 1 - at : 0;
}

static size_t find_windows_path(scan *sc, size_t at)
{
    static const char *const roots[] = {"\\??\\", "\\Device\\", "\\DosDevices\\", "\\SystemRoot\\"};
    uint8_t c = sc->s.p[at];
    size_t from = 0, end;

    if (as_is_alnum(c) && !as_is_digit(c) && peek(sc, at + 1) == ':' &&
        is_slash(peek(sc, at + 2))) {
        if (peek(sc, at + 2) == '/' && peek(sc, at + 3) == '/')
            return 0;
        from = at + 3;
    } else if (c == '%') {
        from = at + variable_at(sc, at);
    } else if (c == '\\' && peek(sc, at + 1) == '\\') {
        from = at + 2;
        while (from < sc->s.n && (is_word(sc->s.p[from]) || as_one_of(sc->s.p[from], ".-$?@")) &&
               from - at < WORD_AHEAD_MAX)
            from++;
        if (from == at + 2 || !is_slash(peek(sc, from)))
            return 0;
        from++;
    } else if (c == '\\') {
        for (size_t i = 0; i < AS_COUNT(roots) && !from; i++) {
            if (starts(sc, at, roots[i]))
                from = at + strlen(roots[i]);
        }
    }
    if (from <= at)
        return 0;
    end = path_end(sc, at, from, true);
    /* "C:\\" is a place; a share or a device without a name is none. */
    if (c == '\\' && end <= from)
        return 0;
    return put(sc, AS_IOC_WINDOWS_PATH, at, end, 0);
}

static size_t find_key(scan *sc, size_t at)
{
    static const char *const roots[] = {
        "HKEY_LOCAL_MACHINE",
        "HKEY_CURRENT_USER",
        "HKEY_CLASSES_ROOT",
        "HKEY_USERS",
        "HKEY_CURRENT_CONFIG",
        "HKLM",
        "HKCU",
        "HKCR",
        "HKCC",
        "HKU",
        "\\REGISTRY\\MACHINE",
        "\\REGISTRY\\USER",
    };

    for (size_t i = 0; i < AS_COUNT(roots); i++) {
        size_t from = at + strlen(roots[i]);

        if (!starts(sc, at, roots[i]))
            continue;
        if (peek(sc, from) == ':' && is_slash(peek(sc, from + 1)))
            from++;
        if (is_slash(peek(sc, from)))
            return put(sc, AS_IOC_KEY, at, path_end(sc, at, from + 1, true), 0);
        if (!is_word(peek(sc, from)) && strlen(roots[i]) > 4)
            return put(sc, AS_IOC_KEY, at, from, 0);
    }
    return 0;
}

static size_t find_unix_path(scan *sc, size_t at)
{
    static const char *const roots[] = {
        "bin",    "boot", "data", "dev",  "etc",   "home",    "lib",          "lib64",   "media",
        "mnt",    "opt",  "proc", "root", "run",   "sbin",    "sdcard",       "srv",     "sys",
        "system", "tmp",  "usr",  "var",  "Users", "Library", "Applications", "private", "Volumes",
    };
    size_t from = sc->s.p[at] == '~' ? at + 1 : at, end = from + 1, first;

    if (peek(sc, from) != '/' || !(is_word(peek(sc, from + 1)) || peek(sc, from + 1) == '.'))
        return 0;
    while (is_word(peek(sc, end)) || (peek(sc, end) && as_one_of(peek(sc, end), ".-")))
        end++;
    first = end;
    end = path_end(sc, at, from + 1, false);
    if (end < first)
        first = end;
    for (size_t i = 0; i < AS_COUNT(roots); i++) {
        if (as_bytes_is(part(sc, from + 1, first), roots[i]))
            return put(sc, AS_IOC_UNIX_PATH, at, end, 0);
    }
    /* Of an unknown root only what has more below it: "/x" may be an option. */
    if (from > at || (peek(sc, first) == '/' && end > first + 1))
        return put(sc, AS_IOC_UNIX_PATH, at, end, 0);
    return 0;
}

/* --- URLs -------------------------------------------------------------------------------- */

static bool is_url_char(uint8_t c)
{
    return c > ' ' && c < 0x7f && !as_one_of(c, "\"'`<>{}|\\^");
}

/* Letters of any script in the host; in what follows it, a Chinese sentence goes on. */
static size_t url_end(const scan *sc, size_t host)
{
    size_t at = host, label = host, n;
    bool in_host = true;

    while (at < sc->s.n && at - host < URL_MAX) {
        uint8_t c = sc->s.p[at];

        n = 1;
        if (c < 0x80) {
            if (!is_url_char(c))
                break;
            if (as_one_of(c, "/?#"))
                in_host = false;
            if (c == '.' || c == '@')
                label = at + 1;
        } else {
            as_letter letter = letter_at(sc, at, &n);

            if (letter == AS_LETTER_NONE)
                break;
            if (letter == AS_LETTER_CJK && (!in_host || (at > label && sc->s.p[label] < 0x80)))
                break;
        }
        at += n;
    }
    return without_trailing(sc, host, at, TRAILING);
}

static size_t find_url(scan *sc, size_t at)
{
    size_t host = at, end, i;
    uint16_t port = 0;

    while (host - at < 16 && (as_is_alnum(peek(sc, host)) || peek(sc, host) == '+'))
        host++;
    if (host - at < 2 || as_is_digit(sc->s.p[at]) || !starts(sc, host, "://"))
        return 0;
    host += 3;
    if (peek(sc, host) == '/') /* file:///C:/... */
        host++;
    if (host >= sc->s.n)
        return 0;
    end = url_end(sc, host);
    if (end <= host)
        return 0;
    for (i = host; i < end && !as_one_of(sc->s.p[i], "/?#"); i++) {
        size_t behind = i;

        if (sc->s.p[i] == ':' && !port)
            port = take_port(sc, &behind);
    }
    return put(sc, AS_IOC_URL, at, end, port);
}

/* --- addresses --------------------------------------------------------------------------- */

static size_t find_ipv4(scan *sc, size_t at)
{
    size_t i = at;
    uint16_t port;

    for (unsigned octet = 0; octet < 4; octet++) {
        size_t from;
        unsigned value = 0;

        if (octet > 0 && peek(sc, i) != '.')
            return 0;
        from = i += octet > 0;
        while (i - from < 4 && as_is_digit(peek(sc, i)))
            value = value * 10 + (sc->s.p[i++] - '0');
        if (i == from || value > 255 || (i - from > 1 && sc->s.p[from] == '0'))
            return 0;
    }
    if (is_word(peek(sc, i)) || (peek(sc, i) == '.' && is_word(peek(sc, i + 1))) ||
        (peek(sc, i) == '-' && !as_is_digit(peek(sc, i + 1)) && is_word(peek(sc, i + 1))))
        return 0;
    port = take_port(sc, &i);
    return put(sc, AS_IOC_IPV4, at, i, port);
}

static bool is_ipv6(as_bytes b)
{
    struct in6_addr address;
    char text[IPV6_MAX + 1];
    unsigned groups = 0;
    bool digit = false;

    if (b.n > IPV6_MAX)
        return false;
    memcpy(text, b.p, b.n);
    text[b.n] = 0;
    for (size_t i = 0; i < b.n; i++) {
        digit = digit || as_is_digit(b.p[i]);
        groups += as_is_hex(b.p[i]) && (i == 0 || !as_is_hex(b.p[i - 1]));
    }
    /* "Bad::Add" is C++ and "::" is nothing: few groups want a digit. */
    return groups > 0 && (digit || groups > 2) && inet_pton(AF_INET6, text, &address) == 1;
}

static size_t find_ipv6(scan *sc, size_t at)
{
    bool bracket = sc->s.p[at] == '[';
    size_t from = at + bracket, end = from, colons = 0;
    uint16_t port = 0;

    while (end < sc->s.n && end - from <= IPV6_MAX &&
           (as_is_hex(sc->s.p[end]) || sc->s.p[end] == ':' || sc->s.p[end] == '.'))
        colons += sc->s.p[end++] == ':';
    if (colons < 2 || end - from > IPV6_MAX || is_word(peek(sc, end)))
        return 0;
    while (end > from && !is_ipv6(part(sc, from, end))) {
        if (sc->s.p[end - 1] != ':' && sc->s.p[end - 1] != '.')
            return 0;
        end--;
    }
    if (end <= from)
        return 0;
    if (!bracket)
        return put(sc, AS_IOC_IPV6, at, end, 0);
    if (peek(sc, end) != ']')
        return 0;
    end++;
    port = take_port(sc, &end);
    return put(sc, AS_IOC_IPV6, at, end, port);
}

/* --- hosts and files --------------------------------------------------------------------- */

typedef struct run {
    size_t begin, end; /* without dots and dashes at its end */
    size_t behind;     /* what was looked at */
    size_t labels, last;
    size_t longest;
    bool odd;   /* has what file names may have and hosts may not */
    bool upper; /* a capital */
    bool lower;
} run;

static void close_label(run *r, size_t label, size_t end)
{
    if (end > label) {
        r->labels++;
        r->last = label;
        r->end = end;
        if (end - label > r->longest)
            r->longest = end - label;
    }
}

/*
 * Labels with single dots between, from `at`. One label is of CJK characters or has none: so
 * the Chinese text that touches a name is not taken for a part of it.
 */
static run host_run(const scan *sc, size_t at)
{
    run r = {.begin = at, .end = at};
    size_t label = at, i = at, n;
    bool wide = false;

    for (; i < sc->s.n; i += n) {
        uint8_t c = sc->s.p[i];
        as_letter letter = AS_LETTER_WORD;

        n = 1;
        if (c == '.') {
            if (i == label)
                break;
            close_label(&r, label, i);
            label = i + 1;
            continue;
        }
        if (c >= 0x80) {
            letter = letter_at(sc, i, &n);
            if (letter == AS_LETTER_NONE)
                break;
        } else if (!is_word(c) && c != '-') {
            if (c != '~' && c != '$' && c != '+')
                break;
            r.odd = true;
        }
        if (i == label)
            wide = letter == AS_LETTER_CJK;
        else if (wide != (letter == AS_LETTER_CJK))
            break;
        r.upper = r.upper || as_is_upper(c);
        r.lower = r.lower || as_is_lower(c);
    }
    r.behind = i;
    close_label(&r, label, i);
    while (r.end > r.last && as_one_of(sc->s.p[r.end - 1], "-_~+$"))
        r.end--;
    return r;
}

/* A dot that was written [.]: whoever did that means a host. */
static bool was_defanged(const scan *sc, size_t dot)
{
    return sc->r->at && sc->r->at[dot + 1] - sc->r->at[dot] > 1 && dot < sc->s.n;
}

/* The last label is one of a domain, and the writing is: "System.IO" is none. */
static bool is_domain(const scan *sc, const run *r)
{
    as_bytes last = part(sc, r->last, r->end);
    bool capital = false, letters = last.n >= 2;

    if (r->labels < 2 || r->odd || r->end - r->begin > DOMAIN_MAX || r->longest > LABEL_MAX ||
        sc->s.p[r->begin] == '-')
        return false;
    if (was_defanged(sc, r->last - 1)) {
        for (size_t i = 0; i < last.n; i++)
            letters = letters && (last.p[i] >= 0x80 || !as_is_digit(last.p[i]) ||
                                  as_bytes_has_nocase(last, "xn--"));
        return letters;
    }
    if (!as_known_tld(last) &&
        !(last.n > 4 && as_bytes_eq_nocase((as_bytes){last.p, 4}, AS_LITERAL("xn--"))))
        return false;
    for (size_t i = 0; i < last.n; i++)
        capital = capital || as_is_upper(last.p[i]);
    return !capital || !r->lower;
}

/* "a.sh" is a file, but "www.a.sh", "a.sh/x" and "a[.]sh" are hosts. */
static bool is_host_like(const scan *sc, const run *r)
{
    return was_defanged(sc, r->last - 1) || peek(sc, r->end) == '/' || starts(sc, r->begin, "www.");
}

static size_t find_mail(scan *sc, size_t at, const run *local)
{
    run host;

    if (peek(sc, local->behind) != '@' || local->behind - at > MAIL_LOCAL_MAX ||
        local->behind != local->end || local->behind + 1 >= sc->s.n)
        return 0;
    host = host_run(sc, local->behind + 1);
    if (!is_domain(sc, &host))
        return 0;
    return put(sc, AS_IOC_MAIL, at, host.end, 0);
}

/* kernel32.dll!CreateFileA */
static size_t find_export(scan *sc, size_t at, size_t bang)
{
    size_t end = bang + 1;

    while (end - bang <= API_MAX && is_word(peek(sc, end)))
        end++;
    if (end == bang + 1 || as_is_digit(sc->s.p[bang + 1]) || is_word(peek(sc, end)))
        return 0;
    return put(sc, AS_IOC_API, at, end, 0);
}

/* A Chinese last label that is no top level is the sentence going on behind a dot. */
static void drop_wide_label(const scan *sc, run *r)
{
    size_t at;

    if (r->labels < 3 || sc->s.p[r->last] < 0x80 || as_known_tld(part(sc, r->last, r->end)))
        return;
    r->end = r->last - 1;
    for (at = r->end; at > r->begin && sc->s.p[at - 1] != '.';)
        at--;
    r->last = at;
    r->labels--;
}

static size_t find_host(scan *sc, size_t at)
{
    run r = host_run(sc, at);
    size_t end;
    bool file;
    uint16_t port;

    sc->seen = r.behind;
    end = find_mail(sc, at, &r);
    if (end || r.labels < 2)
        return end;
    drop_wide_label(sc, &r);
    file = names_file(sc, r.last - 1 > r.begin ? r.last - 2 : r.begin, r.end) &&
           part(sc, r.last, r.end).n > 0;
    if (file && !(is_host_like(sc, &r) && is_domain(sc, &r))) {
        end = peek(sc, r.end) == '!' ? find_export(sc, at, r.end) : 0;
        return end ? end : put(sc, AS_IOC_FILE, at, r.end, 0);
    }
    if (!is_domain(sc, &r))
        return 0;
    end = r.end;
    port = take_port(sc, &end);
    return put(sc, AS_IOC_DOMAIN, at, end, port);
}

/* --- words ------------------------------------------------------------------------------- */

static bool all_digits(const scan *sc, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!as_is_digit(peek(sc, at + i)))
            return false;
    }
    return true;
}

static bool all_hex(const scan *sc, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!as_is_hex(peek(sc, at + i)))
            return false;
    }
    return true;
}

static size_t find_technique(scan *sc, size_t at)
{
    size_t end = at + 5;

    if (as_lower(sc->s.p[at]) != 't' || !all_digits(sc, at + 1, 4))
        return 0;
    if (peek(sc, end) == '.' && all_digits(sc, end + 1, 3) && !is_word(peek(sc, end + 4)))
        end += 4;
    else if (peek(sc, end) == '.' && is_word(peek(sc, end + 1)))
        return 0;
    return is_word(peek(sc, end)) ? 0 : put(sc, AS_IOC_TECHNIQUE, at, end, 0);
}

static size_t find_cve(scan *sc, size_t at)
{
    size_t end = at + 9;

    if (!starts(sc, at, "CVE-") || !all_digits(sc, at + 4, 4) || peek(sc, at + 8) != '-')
        return 0;
    while (end - at < 16 && as_is_digit(peek(sc, end)))
        end++;
    return end - at < 13 || is_word(peek(sc, end)) ? 0 : put(sc, AS_IOC_CVE, at, end, 0);
}

static size_t find_guid(scan *sc, size_t at)
{
    static const uint8_t groups[] = {8, 4, 4, 4, 12};
    bool brace = sc->s.p[at] == '{';
    size_t i = at + brace;

    for (size_t g = 0; g < AS_COUNT(groups); g++) {
        if (g > 0 && peek(sc, i++) != '-')
            return 0;
        if (!all_hex(sc, i, groups[g]))
            return 0;
        i += groups[g];
    }
    if (is_word(peek(sc, i)))
        return 0;
    if (brace && peek(sc, i) != '}')
        return 0;
    return put(sc, AS_IOC_GUID, at, i + brace, 0);
}

static bool is_api(const scan *sc, size_t at, size_t end)
{
    size_t n = end - at;

    if (n < 3 || n > API_MAX || as_is_digit(sc->s.p[at]))
        return false;
    if (peek(sc, end) == '(' && peek(sc, end + 1) == ')')
        return true;
    return n >= 8 && as_is_upper(sc->s.p[at]) && as_api_prefix(part(sc, at, end));
}

static size_t find_word(scan *sc, size_t at)
{
    size_t end = at, digits = 0, hex = 0, n;

    while (is_word(peek(sc, end))) {
        digits += as_is_digit(sc->s.p[end]);
        hex += as_is_hex(sc->s.p[end]);
        end++;
    }
    n = end - at;
    if (n == 0)
        return 0;
    if (hex == n && n == 32)
        return put(sc, AS_IOC_MD5, at, end, 0);
    if (hex == n && n == 40)
        return put(sc, AS_IOC_SHA1, at, end, 0);
    if (hex == n && n == 64)
        return put(sc, AS_IOC_SHA256, at, end, 0);
    if (hex == n && n == 128)
        return put(sc, AS_IOC_SHA512, at, end, 0);
    if (hex == n && n >= HEX_MIN && n <= HEX_MAX && digits && digits < n)
        return put(sc, AS_IOC_HEX, at, end, 0);
    return is_api(sc, at, end) ? put(sc, AS_IOC_API, at, end, 0) : 0;
}

/* --- the scan ------------------------------------------------------------------------------ */

typedef size_t find_fn(scan *sc, size_t at);

static size_t first_of(scan *sc, size_t at, find_fn *const *fns, size_t n)
{
    size_t end = 0;

    for (size_t i = 0; i < n && !end; i++)
        end = fns[i](sc, at);
    return end;
}

/* What begins with the letter or digit at `at`. */
static size_t find_at_word(scan *sc, size_t at)
{
    static find_fn *const whole[] = {find_url,  find_windows_path, find_key,
                                     find_ipv4, find_ipv6,         find_technique,
                                     find_cve,  find_guid,         find_host};
    static find_fn *const inside[] = {find_url,       find_windows_path, find_key,
                                      find_technique, find_cve,          find_guid};
    size_t end;

    /* In a run that is no host an address would be a piece of something else: 1.2.3.4.5. */
    if (at < sc->seen)
        end = first_of(sc, at, inside, AS_COUNT(inside));
    else
        end = first_of(sc, at, whole, AS_COUNT(whole));
    return end ? end : find_word(sc, at);
}

static size_t find_at(scan *sc, size_t at)
{
    static find_fn *const slashes[] = {find_key, find_windows_path};

    switch (sc->s.p[at]) {
    case '\\':
        return first_of(sc, at, slashes, AS_COUNT(slashes));
    case '%':
        return find_windows_path(sc, at);
    case '/':
        return find_unix_path(sc, at);
    case '~': {
        size_t end = find_unix_path(sc, at);

        return end || at < sc->seen ? end : find_host(sc, at);
    }
    case '{':
        return find_guid(sc, at);
    case '[':
    case ':':
        return find_ipv6(sc, at);
    default:
        return 0;
    }
}

/* Behind the word (of ASCII) or the run of characters of one kind at `at`. */
static size_t skip(const scan *sc, size_t at)
{
    size_t n;
    as_letter kind = letter_at(sc, at, &n);

    if (kind == AS_LETTER_NONE && sc->s.p[at] != '_')
        return at + n;
    if (kind == AS_LETTER_CJK) {
        while (at < sc->s.n && sc->s.p[at] >= 0x80 && letter_at(sc, at, &n) == AS_LETTER_CJK)
            at += n;
        return at;
    }
    while (at < sc->s.n) {
        if (!is_word(sc->s.p[at]) && letter_at(sc, at, &n) != AS_LETTER_WORD)
            break;
        at += is_word(sc->s.p[at]) ? 1 : n;
    }
    return at;
}

static void scan_text(scan *sc)
{
    size_t at = 0, end, n;
    bool in_name = false; /* what stands before is of a name: nothing begins here */

    while (at < sc->s.n && !sc->rc) {
        uint8_t c = sc->s.p[at];

        if (is_word(c))
            end = find_at_word(sc, at);
        else if (c < 0x80)
            end = in_name ? 0 : find_at(sc, at);
        else
            end = at >= sc->seen && letter_at(sc, at, &n) != AS_LETTER_NONE ? find_host(sc, at) : 0;
        if (!end)
            end = skip(sc, at);
        at = end;
        c = sc->s.p[at - 1];
        in_name = is_word(c) || (c < 0x80 && as_one_of(c, "/.:~-\\"));
    }
}

as_code as_ioc_find(as_bytes text, as_arena *a, as_iocs *ret, as_err *err)
{
    as_refanged r = {0};
    scan sc = {.r = &r, .arena = a, .err = err};
    as_ioc *p;

    if (text.n > AS_IOC_TEXT_MAX)
        return as_fail(err, AS_LIMIT, AS_IOC_TEXT_MAX, "a text of %zu bytes, at most %zu are read",
                       text.n, AS_IOC_TEXT_MAX);
    if (!as_refang(text, &r)) {
        as_refang_done(&r);
        return as_fail_nomem(err, "a text");
    }
    sc.s = r.text;
    scan_text(&sc);
    p = sc.rc ? NULL : as_arena_take(a, sc.n ? sc.n : 1, sizeof(*p));
    if (!sc.rc && !p)
        sc.rc = as_fail_nomem(err, "names and addresses");
    if (!sc.rc) {
        if (sc.n)
            memcpy(p, sc.p, sc.n * sizeof(*p));
        *ret = (as_iocs){p, sc.n};
    }
    as_mem_free(sc.p);
    as_buf_done(&sc.norm);
    as_refang_done(&r);
    return sc.rc;
}
